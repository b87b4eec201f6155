/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What plugin.c uses of the interface of QEMU's TCG plugins, version 1, after
 * QEMU's documentation, "QEMU TCG Plugins".  Debian ships no header of it.  QEMU
 * refuses a plugin whose version it does not have.
 */
#ifndef GMEM_QEMU_PLUGIN_H
#define GMEM_QEMU_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define API_VERSION	1

#define EXPORT	__attribute__((visibility("default")))

typedef uint64_t plugin_id;

struct plugin_info {
	const char *target_name;
	struct {
		int min;
		int cur;
	} version;
	bool system_emulation;
	struct {
		int smp_vcpus;
		int max_vcpus;
	} system;
};

struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum { NO_REGISTERS };		/* what a callback does with registers */
enum { ADD_U64 };		/* what is done inline */

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
					   void (*fn)(plugin_id id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*fn)(unsigned int cpu, void *data),
					  int registers, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*fn)(unsigned int cpu, void *data),
					    int registers, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op,
						void *where, uint64_t value);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*fn)(plugin_id id, void *data),
				    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);

#endif /* GMEM_QEMU_PLUGIN_H */
