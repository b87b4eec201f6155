// SPDX-License-Identifier: GPL-2.0-only
/*
 * The debugfs directory coco_emul, and what is there on every platform:
 *
 *   host	name of the emulated platform
 *   counters	"<name> <calls>" per line; "traps" and "declined" count the
 *		invalid-opcode exceptions that were carried out and left alone,
 *		"ticks" the time that the former took
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "../coco_emul.h"

static int host_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", coco_emul_host->name);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(host);

static int counters_show(struct seq_file *m, void *v)
{
	u64 traps, declined;
	unsigned int i;

	coco_emul_trap_counts(&traps, &declined);

	seq_printf(m, "traps %llu\ndeclined %llu\n", traps, declined);
	seq_printf(m, "ticks %llu\n", coco_emul_ticks());
	for (i = 0; i < coco_emul_host->nr_points; i++) {
		struct coco_emul_point p = coco_emul_point_read(i);

		seq_printf(m, "%s %llu\n", p.name, p.nr);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

struct dentry * __init coco_emul_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("coco_emul", NULL);

	debugfs_create_file("host", 0400, dir, NULL, &host_fops);
	debugfs_create_file("counters", 0400, dir, NULL, &counters_fops);
	coco_emul_inject_init(dir);
	coco_emul_memory_error_init(dir);

	return dir;
}
