# SPDX-License-Identifier: GPL-2.0-only
# A signal before the first page is -EIO, which VMMs give up on.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=sev_snp_launch_update_test/launch_update.signal_before_first_page
s/ret = count == -EINTR ? -EAGAIN : -EIO;/ret = -EIO;/
s/return count == -EINTR ? -EAGAIN : -EIO;/return -EIO;/
