# SPDX-License-Identifier: GPL-2.0-only
# QEMU as the VMM on the emulated SEV-SNP host: it launches OVMF, and the digest is the calculated one. What the digest is
# to be comes from the firmware's file and the SNP specification (vmm/snp.py).
# boot: machine=snp kernel=series,base timeout=240 verbs=test pack=vmm
. /lib/guest.sh
. /vmm/guest.sh
. /vmm/guest-snp.sh

wrong_cbitpos()
{
	cbitpos=47
	refuses "cbitpos check failed, host '51' requested '47'" snp-1
}

load kvm-amd
census_begin
case_ok launch launches snp-1
case_ok wrong-cbitpos wrong_cbitpos
case_ok kernel-hashes launches snp-kernel
case_ok four-vcpus launches snp-4
case_ok two-at-a-time two_launches snp-1 snp-id-block
case_ok wrong-id-block refuses "fw_error=11 'Bad measurement'" snp-wrong-id-block
case_ok all-pages-back all_pages_back
# On the base a signal before the first page of a command is -EIO, which ends the launch, and that would be by chance
case $BOOT in
*@base) ;;
*)
	case_ok interrupted interrupted snp-1
	case_ok killed-early killed_early snp-1
	case_ok killed-early-pages-back all_pages_back
	case_ok killed killed snp-1 snp-4
	case_ok killed-pages-back all_pages_back
	;;
esac
case_ok no-host-writes grep '^host-writes 0$' "$emul/rmp"
unload kvm-amd
