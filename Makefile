# SPDX-License-Identifier: GPL-2.0-only
# A verb is a file of that name in tools/testing/gmem/verbs; "make help" shows what they do.
MAKEFLAGS += --no-print-directory
GMEM := tools/testing/gmem
VERBS := run test list shell am refresh mail selftests mutants coverage kcsan fuzz bench host host-kernel try vmm-snp vmm-tdx report deps clean

help:
	@$(GMEM)/verbs/help.sh $(VERBS)

$(VERBS):
	@$(GMEM)/verbs/$@.sh

.PHONY: help $(VERBS)
