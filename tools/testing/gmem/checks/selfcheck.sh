#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test
echo ok - selfcheck/x
