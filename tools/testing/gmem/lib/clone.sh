# SPDX-License-Identifier: GPL-2.0-only
# The user's own clone, KERNEL_TREE; sourced after lib.sh. Nothing here writes to it.
# shellcheck shell=sh

need_clean_clone()
{
	clone_git="git --no-optional-locks -C $KERNEL_TREE"
	# shellcheck disable=SC2086 # a command
	$clone_git rev-parse -q --git-dir >/dev/null 2>&1 ||
		die "KERNEL_TREE=$KERNEL_TREE is not a git repository" "KERNEL_TREE=/path/to/linux"
	# shellcheck disable=SC2086
	[ "$($clone_git rev-parse --is-bare-repository)" = true ] ||
		[ -z "$($clone_git status --porcelain --untracked-files=no)" ] ||
		die "KERNEL_TREE=$KERNEL_TREE has local changes, and they would not be part of the result" \
			"git -C $KERNEL_TREE commit, or stash, or give another clone"
}
