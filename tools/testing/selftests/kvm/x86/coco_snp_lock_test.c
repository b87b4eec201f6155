// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks that SNP launch updates nest, from what lockdep has recorded: mmap_lock
 * is never taken inside of the invalidate lock.  It is in the base, where this
 * test is to fail.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA	BIT_ULL(32)

static bool is_class(const char *line, const char *name)
{
	const char *found = strstr(line, name);

	/* "name", or "name#2" for another class of the same name */
	return found && strchr("#\n", found[strlen(name)]);
}

/* /proc/lockdep has a line per lock class, followed by what was taken inside. */
static bool lockdep_has_seen(const char *outer, const char *inner)
{
	FILE *file = fopen("/proc/lockdep", "r");
	bool in_outer = false, outer_seen = false, seen = false;
	char line[512];

	TEST_ASSERT(file, "No /proc/lockdep");
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, " ->", 3)) {
			in_outer = is_class(line, outer);
			outer_seen |= in_outer;
		} else if (in_outer && is_class(line, inner)) {
			seen = true;
		}
	}
	fclose(file);
	TEST_ASSERT(outer_seen, "/proc/lockdep does not know %s", outer);
	return seen;
}

TEST(lock_order)
{
	uint8_t *src = snp_map_pages(2);
	struct snp_guest guest;

	snp_guest_init(&guest, GPA, 2);
	snp_guest_update(&guest, 0, src, 2, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_guest_free(&guest);
	munmap(src, 2 * PAGE_SIZE);

	TEST_ASSERT(lockdep_has_seen("mapping.invalidate_lock", "sev_cmd_mutex"),
		    "The callback does not run inside of the invalidate lock");
	TEST_ASSERT(!lockdep_has_seen("mapping.invalidate_lock", "&mm->mmap_lock"),
		    "mmap_lock was taken inside of the invalidate lock");
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
