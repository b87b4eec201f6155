# SPDX-License-Identifier: GPL-2.0-only
# A binding whose end overflows is accepted.
# mutant: base=6.19 file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_state_test/state.bind_overflows
s/size > i_size_read(inode) || offset > i_size_read(inode) - size)/offset + size > i_size_read(inode))/
