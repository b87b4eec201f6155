# SPDX-License-Identifier: GPL-2.0-only
# Verbs; what they do is in tools/testing/gmem, verbs/VERB.sh.
MAKEFLAGS += --no-print-directory
GMEM := tools/testing/gmem

help:
	@echo "make run       build the patched kernel, boot it, run the selftests of guest_memfd and private memory"
	@echo "make test      everything a reviewer would check; make test CASES='snp/* patch/0003*' only some"
	@echo "make kcsan     the races and the failing allocations once more, with KCSAN; takes another kernel"
	@echo "make am        patches/ to a fresh build/linux"
	@echo "make refresh   the commits of build/linux to patches/"
	@echo "make shell     a shell in the booted kernel; make shell BOOT=snp on the machine of that boot script"
	@echo "make selftests the whole KVM selftest suite on the base and on the series; only a difference is a failure"
	@echo "make mutants   can the tests fail? breaks the series in one place after the other; MUTANTS='snp-*' only some"
	@echo "make host      no QEMU: the selftests on this machine and kernel, and what it lacks for SNP and TDX (root)"
	@echo "make host-kernel  Debian packages of base and series for this machine; installs nothing"
	@echo "make bench     what populate costs and how long it locks, against the base and Linux 7.3, in instructions"
	@echo "make report    the last run as one HTML page, build/report.html"
	@echo "make mail BASE_COMMIT=...  the series as mails, ready to send; sends nothing"
	@echo "make try TREE=/path/to/linux BOOT=plain  boot a kernel that was built elsewhere"
	@echo "make deps      install the Debian packages that are missing"
	@echo "make clean     remove build/ but for the downloads"
	@echo
	@echo "KERNEL_TREE=/path/to/linux [KERNEL_REV=rev]   take the base from this clone of kvm/next"
	@echo "GMEM_SLOW=3                                   three times as long until a boot counts as hung"

VERBS := $(notdir $(basename $(wildcard $(GMEM)/verbs/*.sh)))

$(VERBS):
	@$(GMEM)/verbs/$@.sh

.PHONY: help $(VERBS)
