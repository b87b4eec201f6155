#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# build-selftests.sh TREE: build the KVM selftests of a kernel tree in place, static, against the tree's own uapi headers.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

tree=$(cd "$1" && pwd)
kmake "$tree" -s headers_install
# Given on the command line LDFLAGS replaces what the Makefile puts together, so that is repeated here.
# Without OUTPUT they would go to the root directory when this make runs below another one.
kmake "$tree/tools/testing/selftests/kvm" -s OUTPUT="$tree/tools/testing/selftests/kvm" LDFLAGS="-static -pthread -no-pie"
