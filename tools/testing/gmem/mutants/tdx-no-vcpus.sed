# SPDX-License-Identifier: GPL-2.0-only
# Finalizing a TD without vCPUs kills it.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx
# mutant: fails=tdx_init_mem_region_test/finalize_without_vcpu
s/^\tif (tdx_no_vcpus(cmd->hw_error))$/\tif (0)/
