# SPDX-License-Identifier: GPL-2.0-only
# Packages of Debian in the suite of BASE, for tree/fetch.sh; sourced after lib.sh, never run.
# shellcheck shell=sh

apt=$DL/apt
suite=$(base_field suite)
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$LOG"

# good FILE SHA256
good() { [ -f "$1" ] && echo "$2  $1" | sha256sum --quiet -c >/dev/null 2>&1; }

# Debian archives among the machine's own apt sources, one URI per line
mirrors()
{
	{
		cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
			sed -n 's/^deb\(-src\)\{0,1\}[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\)[[:space:]].*/\3/p'
		cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs:[[:space:]]*//p' | tr ' ' '\n'
	} | grep -v security | sort -u
}

# private_apt deb|deb-src URI: from now on apt knows this archive only, and leaves the machine's own lists alone
private_apt()
{
	echo "$1 [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $2 $suite main" >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-END
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::State::Lists "$apt/lists";
		Dir::Cache "$apt/cache";
		APT::Sandbox::User "";
	END
	export APT_CONFIG="$apt/apt.conf"
	apt-get update -o APT::Update::Error-Mode=any
}
