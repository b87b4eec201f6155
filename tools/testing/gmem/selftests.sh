#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# selftests.sh TREE: build the KVM selftests of a kernel tree in place, static, against the tree's own uapi headers.
set -eu
. "$(dirname "$0")/lib.sh"

kmake "$1" -s headers_install
# Given on the command line LDFLAGS replaces what the Makefile puts together, so that is repeated here.
kmake "$1/tools/testing/selftests/kvm" -s LDFLAGS="-static -pthread -no-pie"
