# SPDX-License-Identifier: GPL-2.0-only
# Every page has the first one of the source.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_content_test/content.pages_513
s/(src ? src + i \* PAGE_SIZE : NULL)/(src)/
s/(unsigned long)src + i \* PAGE_SIZE;/(unsigned long)src;/
