# SPDX-License-Identifier: GPL-2.0-only
# Somebody else who added the page first is an error.
# mutant: file=virt/kvm/guest_memfd.c boot=populate-stress
# mutant: fails=gmem_populate_race_test/race.user_fault
s/} while (ret == -EEXIST);/} while (0);/
