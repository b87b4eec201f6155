// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks that SNP launch updates nest, from what lockdep has recorded: no way
 * leads from the invalidate lock to mmap_lock, over however many locks. In the
 * base there is a direct one, where this test is to fail. With the series there
 * is one over sev_cmd_mutex as soon as somebody has used /dev/sev, unless ccp
 * leaves user memory alone while it holds that, see patches/other.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA		BIT_ULL(32)
#define MAX_CLASSES	8192
#define MAX_EDGES	65536

/* Of a lock class that other locks are taken inside of, and of one of these */
struct edge {
	int outer;
	int inner;
};

struct lock_class {
	uint64_t key;
	char name[64];
	int from;	/* the class that it was reached from, -1 if it was not */
};

struct lock_graph {
	struct lock_class class[MAX_CLASSES];
	int nr_classes;
	struct edge edge[MAX_EDGES];
	int nr_edges;
};

static int find_class(struct lock_graph *graph, uint64_t key, const char *name)
{
	struct lock_class *class;
	int i;

	for (i = 0; i < graph->nr_classes; i++)
		if (graph->class[i].key == key)
			return i;

	TEST_ASSERT(i < MAX_CLASSES, "More lock classes than lockdep has");
	class = &graph->class[graph->nr_classes++];
	class->key = key;
	snprintf(class->name, sizeof(class->name), "%.*s", (int)strcspn(name, "\n"), name);
	class->from = -1;
	return i;
}

/*
 * /proc/lockdep has a line for each lock class, "KEY FD: 1 BD: 2 USAGE: NAME",
 * and below it one for each lock that was taken directly inside, " -> [KEY] NAME".
 */
static struct lock_graph *read_lock_graph(void)
{
	struct lock_graph *graph = calloc(1, sizeof(*graph));
	FILE *file = fopen("/proc/lockdep", "r");
	unsigned long key;
	char line[512], *name;
	int outer = -1, at;

	TEST_ASSERT(file && graph, "No /proc/lockdep");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " -> [%lx] %n", &key, &at) == 1) {
			TEST_ASSERT(outer >= 0 && graph->nr_edges < MAX_EDGES, "%s", line);
			graph->edge[graph->nr_edges++] = (struct edge) {
				.outer = outer,
				.inner = find_class(graph, key, line + at),
			};
		} else if (strstr(line, " FD:")) {
			/* Behind the usage, and a name may have a colon */
			name = strstr(line, " BD:");
			name = name ? strstr(name + strlen(" BD:"), ": ") : NULL;
			TEST_ASSERT(name, "%s", line);
			outer = find_class(graph, strtoul(line, NULL, 16), name + strlen(": "));
		}
	}
	fclose(file);
	return graph;
}

static bool has_name(struct lock_class *class, const char *name)
{
	size_t len = strlen(name);

	/* "name", or "name#2" for another class of the same name */
	return !strncmp(class->name, name, len) && strchr("#", class->name[len]);
}

/* The class called @inner that is taken inside of one called @outer, or -1. */
static struct edge find_edge(struct lock_graph *graph, const char *outer, const char *inner)
{
	int i;

	for (i = 0; i < graph->nr_edges; i++)
		if (has_name(&graph->class[graph->edge[i].outer], outer) &&
		    has_name(&graph->class[graph->edge[i].inner], inner))
			return graph->edge[i];

	TEST_FAIL("%s was never taken inside of %s", inner, outer);
	return (struct edge) { -1, -1 };
}

/* Breadth first, so it is one of the shortest ways. */
static int find_way(struct lock_graph *graph, int from, const char *to)
{
	static int queue[MAX_CLASSES];
	int head = 0, tail = 0, i, inner;

	graph->class[from].from = from;
	queue[tail++] = from;
	while (head < tail) {
		int outer = queue[head++];

		for (i = 0; i < graph->nr_edges; i++) {
			inner = graph->edge[i].inner;
			if (graph->edge[i].outer != outer || graph->class[inner].from >= 0)
				continue;
			graph->class[inner].from = outer;
			if (has_name(&graph->class[inner], to))
				return inner;
			queue[tail++] = inner;
		}
	}

	return -1;
}

static void expect_no_way(void)
{
	struct lock_graph *graph = read_lock_graph();
	struct edge edge;
	int at;

	/* Each kind of file has an invalidate lock of this name: the one of guest_memfd. */
	edge = find_edge(graph, "mapping.invalidate_lock", "sev_cmd_mutex");

	at = find_way(graph, edge.outer, "&mm->mmap_lock");
	if (at < 0) {
		free(graph);
		return;
	}

	for (; at != edge.outer; at = graph->class[at].from)
		ksft_print_msg("%s, inside of\n", graph->class[at].name);
	ksft_print_msg("%s\n", graph->class[at].name);
	TEST_FAIL("mmap_lock can be taken inside of the invalidate lock");
}

static void launch(void)
{
	uint8_t *src = snp_map_pages(2);
	struct snp_guest guest;

	snp_guest_init(&guest, GPA, 2);
	snp_guest_update(&guest, 0, src, 2, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_guest_free(&guest);
	munmap(src, 2 * PAGE_SIZE);
}

TEST(lock_order)
{
	launch();
	expect_no_way();
}

/* Lockdep does not forget, so this one comes last, and its boot has no use of /dev/sev before. */
TEST(lock_order_dev_sev)
{
	int fd = open_sev_dev_path_or_exit();

	sev_dev_issue_all(fd);
	close(fd);
	launch();
	expect_no_way();
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
