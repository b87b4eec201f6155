# SPDX-License-Identifier: GPL-2.0-only
# results.tsv of make bench -> tables (-v format=md|rst), data for bench.gnuplot (format=plot, dir=), verdicts (format=tap)
# A figure is the median of the runs; its spread is (largest - smallest) / median.

BEGIN {
	FS = "\t"
	nkernels = nlengths = 0
	nparts = split("get lock attributes folio callback finish unlock-folio unlock put other", part, " ")
	split("get the source page|take the invalidate lock|check the attribute|look up, allocate and lock the folio|" \
		"callback|mark the folio up to date, put it|unlock the folio|release the invalidate lock|" \
		"put the source page|all else",
		part_text, "|")
	title["base"] = "base"
	title["series"] = "series"
	title["upstream"] = "7.3"
	PAGE_1_MIB = 256
	LARGE = 4096
}

NR == 1 { next }

{
	kernel = $1
	if (!(kernel in seen_kernel)) {
		seen_kernel[kernel] = 1
		kernels[++nkernels] = kernel
	}
	if ($3 == "cost" && $4 == "anon" && !($6 in seen_length)) {
		seen_length[$6] = 1
		lengths[++nlengths] = $6 + 0
	}
	add(kernel, $3, $4, $5, $6, $7 + 0)
	# What the emulation of a host takes: its instructions, and while the task does not run its firmware
	if ($3 == "ioctl-total") {
		total = $7
	} else if ($3 == "ioctl-task") {
		task = $7
	} else if ($3 == "ioctl-traps") {
		add(kernel, "ioctl-emulator", $4, $5, $6, total - task + $7)
		add(kernel, "ioctl-rest", $4, $5, $6, task - $7)
	}
}

function add(k, what, source, cb, n, value,    key) {
	key = k SUBSEP what SUBSEP source SUBSEP cb SUBSEP n
	values[key, ++count[key]] = value
}

function has(k, what, source, cb, n) { return (k SUBSEP what SUBSEP source SUBSEP cb SUBSEP n) in count }

function median(k, what, source, cb, n,    key, i, j, c, v, t) {
	key = k SUBSEP what SUBSEP source SUBSEP cb SUBSEP n
	largest = smallest = 0
	if (!(key in count))
		return 0
	c = count[key]
	for (i = 1; i <= c; i++)
		v[i] = values[key, i]
	for (i = 2; i <= c; i++)
		for (j = i; j > 1 && v[j - 1] > v[j]; j--) {
			t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
		}
	largest = v[c]
	smallest = v[1]
	return v[int((c + 1) / 2)]
}

function spread(key,    p, m) {
	split(key, p, SUBSEP)
	m = median(p[1], p[2], p[3], p[4], p[5])
	return m ? (largest - smallest) / m : 0
}

# Formatted cells; "-" where a kernel has no such figure
function per_page(k, what, source, cb, n) {
	return has(k, what, source, cb, n) ? sprintf("%.0f", median(k, what, source, cb, n) / n) : "-"
}
function per_page1(k, what, source, cb, n) {
	return has(k, what, source, cb, n) ? sprintf("%.1f", median(k, what, source, cb, n) / n) : "-"
}
function whole(k, what, source, cb, n) {
	return has(k, what, source, cb, n) && median(k, what, source, cb, n) ? sprintf("%.0f", median(k, what, source, cb, n)) : "-"
}
# 0 in the divisor or in a kernel where the figure does not exist: no ratio
function ratio(k, what, source, cb, n,    d) {
	if (!has(k, what, source, cb, n) || !has("series", what, source, cb, n))
		return "-"
	d = median(k, what, source, cb, n)
	return d ? sprintf("%.4g", median("series", what, source, cb, n) / d) : "-"
}

function table(text, head) {
	if (format == "md") {
		printf "\n### %s\n\n", text
		row(head)
		gsub(/[^|]+/, "---:", head)
		sub(/^---:/, "---", head)
		print "|" head "|"
	} else {
		printf "\n.. csv-table:: %s\n   :header: ", text
		gsub(/\|/, "\", \"", head)
		printf "\"%s\"\n\n", head
	}
}
function row(cells) {
	if (format == "md") {
		print "|" cells "|"
	} else {
		gsub(/\|/, "\", \"", cells)
		printf "   \"%s\"\n", cells
	}
}

function for_kernels(prefix,    i, s) {
	for (i = 1; i <= nkernels; i++)
		s = s "|" prefix title[kernels[i]]
	return s
}
function ratio_head(    i, s) {
	for (i = 1; i <= nkernels; i++)
		if (kernels[i] != "series")
			s = s "|series / " title[kernels[i]]
	return s
}
function ratios(what, source, cb, n,    i, s) {
	for (i = 1; i <= nkernels; i++)
		if (kernels[i] != "series")
			s = s "|" ratio(kernels[i], what, source, cb, n)
	return s
}
function cells(fn, what, source, cb, n,    i, s, k) {
	for (i = 1; i <= nkernels; i++) {
		k = kernels[i]
		if (fn == "whole")
			s = s "|" whole(k, what, source, cb, n)
		else if (fn == "page1")
			s = s "|" per_page1(k, what, source, cb, n)
		else
			s = s "|" per_page(k, what, source, cb, n)
	}
	return s
}

function cost_tables(    i, cb, ncb, cbs, text) {
	ncb = split("copy empty", cbs, " ")
	text["copy"] = "Instructions per page, callback that copies the page"
	text["empty"] = "Instructions per page, empty callback"
	for (cb = 1; cb <= ncb; cb++) {
		table(text[cbs[cb]], "pages" for_kernels("") ratio_head())
		for (i = 1; i <= nlengths; i++)
			row(lengths[i] cells("page", "cost", "anon", cbs[cb], lengths[i]) ratios("cost", "anon", cbs[cb], lengths[i]))
	}
	if (has("base", "cost", "anon", "gup-copy", LARGE) && has("series", "cost", "anon", "copy", LARGE)) {
		table("The same against a callback that does GUP itself, as TDX does on the base",
		      "pages|base, GUP in the callback|series|series / base")
		for (i = 1; i <= nlengths; i++)
			row(lengths[i] "|" per_page("base", "cost", "anon", "gup-copy", lengths[i]) "|" \
			    per_page("series", "cost", "anon", "copy", lengths[i]) "|" \
			    sprintf("%.3f", median("series", "cost", "anon", "copy", lengths[i]) / \
					    median("base", "cost", "anon", "gup-copy", lengths[i])))
	}
}

function source_table(    i, n, s, text) {
	n = split("anon untouched thp memfd allocated", s, " ")
	split("anonymous memory, touched|anonymous memory, never touched|transparent huge pages|memfd|" \
		"anonymous memory, guest page allocated before", text, "|")
	table("Instructions per page by the kind of source, " LARGE " pages, copy", "source" for_kernels("") ratio_head())
	for (i = 1; i <= n; i++)
		row(text[i] cells("page", "cost", s[i], "copy", LARGE) ratios("cost", s[i], "copy", LARGE))
	row("no source, empty callback" cells("page", "cost", "none", "empty", LARGE) ratios("cost", "none", "empty", LARGE))
}

function part_table(    i, k, sum, s) {
	table("Where the instructions of a page go, " LARGE " pages, copy", "part" for_kernels(""))
	for (i = 1; i <= nparts; i++)
		row(part_text[i] cells("page1", part[i], "anon", "copy", LARGE))
	row("sum" cells("page1", "tapped-cost", "anon", "copy", LARGE))
	row("measured without taps" cells("page1", "cost", "anon", "copy", LARGE))
}

function hold_table(text, what,    i) {
	table(text, "pages" for_kernels("") ratio_head())
	for (i = 1; i <= nlengths; i++)
		row(lengths[i] cells("whole", what, "anon", "copy", lengths[i]) ratios(what, "anon", "copy", lengths[i]))
}

function hold_tables(    i) {
	hold_table("Longest hold of the invalidate lock, instructions, copy", "hold-max")
	hold_table("The same without holds that a timer tick fell in", "hold-max-quiet")
	hold_table("The same, less the share of looking up and allocating the folio", "hold-max-rest")
	table("Total hold of the invalidate lock, instructions per page, copy",
	      "pages" for_kernels("") ratio_head())
	for (i = 1; i <= nlengths; i++)
		row(lengths[i] cells("page", "hold-total", "anon", "copy", lengths[i]) ratios("hold-total", "anon", "copy", lengths[i]))
}

function wait_table(    i, n, l, w) {
	n = split("0 4096 16384 65536", l, " ")
	table("Another thread wants the lock while populate runs: guest ns from when it should run until it is done",
	      "operation, pages" for_kernels("") ratio_head())
	for (w = 1; w <= 2; w++)
		for (i = 1; i <= n; i++)
			if (has("series", "wait", w == 1 ? "punch-hole" : "shared", "copy", l[i]))
				row((w == 1 ? "PUNCH_HOLE, " : "lock shared, ") (l[i] == 0 ? "no populate" : l[i]) \
				    cells("whole", "wait", w == 1 ? "punch-hole" : "shared", "copy", l[i]) \
				    ratios("wait", w == 1 ? "punch-hole" : "shared", "copy", l[i]))
}

function loop_table(    i, n, l, text) {
	n = split("alloc copy alloc-copy pin-unpin get-put lock-unlock", l, " ")
	split("allocate a page|copy a page|allocate and copy: the floor|pin_user_pages_fast, unpin_user_page|" \
		"get_user_pages_fast, put_page|take and release a free rw_semaphore", text, "|")
	table("The primitives in a loop of their own, instructions each", "primitive" for_kernels(""))
	for (i = 1; i <= n; i++)
		row(text[i] cells("page1", "loop", l[i], "-", LARGE))
}

function ioctl_table(    i, j, n, host, kind, text, k) {
	n = split("snp snp snp tdx tdx", host, " ")
	split("normal unmeasured zero add add-measure", kind, " ")
	split("SNP_LAUNCH_UPDATE, normal|SNP_LAUNCH_UPDATE, unmeasured|SNP_LAUNCH_UPDATE, zero, no source|TDX_INIT_MEM_REGION|" \
		"TDX_INIT_MEM_REGION, measured", text, "|")
	if (!has("series", "ioctl-rest", "snp", "normal", LARGE))
		return
	table("The ioctls on the emulated hosts, instructions per page, " LARGE " pages",
	      "ioctl|kernel|total|of the emulator|rest|rest, series / this")
	for (i = 1; i <= n; i++)
		for (j = 1; j <= nkernels; j++) {
			k = kernels[j]
			if (has(k, "ioctl-rest", host[i], kind[i], LARGE))
				row(text[i] "|" title[k] "|" per_page(k, "ioctl-total", host[i], kind[i], LARGE) "|" \
				    per_page(k, "ioctl-emulator", host[i], kind[i], LARGE) "|" \
				    per_page(k, "ioctl-rest", host[i], kind[i], LARGE) "|" \
				    (k == "series" ? "-" : ratio(k, "ioctl-rest", host[i], kind[i], LARGE)))
		}
}

# Not of what is so short that a timer tick in it, some 5400 instructions, is more than 1 %, and not of the
# allocation loop, in which the page allocator may refill its list of free pages once more or less.
function spread_line(    key, s, worst, worst_key, p) {
	for (key in count) {
		split(key, p, SUBSEP)
		if ((p[2] != "cost" && p[2] != "hold-total" && p[2] != "ioctl-rest") || p[5] < PAGE_1_MIB)
			continue
		s = spread(key)
		if (s >= worst) {
			worst = s
			worst_key = key
		}
	}
	gsub(SUBSEP, " ", worst_key)
	worst_spread = worst
	worst_figure = worst_key
}

function plot_data(    i, k, p, file) {
	file = dir "/plot-cost.dat"
	for (i = 1; i <= nlengths; i++) {
		printf "%d", lengths[i] > file
		for (k = 1; k <= nkernels; k++)
			printf " %s %s", per_page1(kernels[k], "cost", "anon", "copy", lengths[i]),
			       per_page1(kernels[k], "cost", "anon", "empty", lengths[i]) > file
		print "" > file
	}
	file = dir "/plot-hold.dat"
	for (i = 1; i <= nlengths; i++) {
		printf "%d", lengths[i] > file
		for (k = 1; k <= nkernels; k++)
			printf " %s", whole(kernels[k], "hold-max", "anon", "copy", lengths[i]) > file
		print "" > file
	}
	file = dir "/plot-parts.dat"
	printf "kernel" > file
	for (p = 1; p <= nparts; p++)
		printf " %s", part[p] > file
	print "" > file
	for (k = 1; k <= nkernels; k++) {
		printf "%s", title[kernels[k]] > file
		for (p = 1; p <= nparts; p++)
			printf " %s", per_page1(kernels[k], part[p], "anon", "copy", LARGE) > file
		print "" > file
	}
	file = dir "/plot-kernels.gp"
	printf "kernels = \"" > file
	for (k = 1; k <= nkernels; k++)
		printf "%s%s", (k > 1 ? " " : ""), title[kernels[k]] > file
	print "\"" > file
}

# A figure per page without the share of the folio, i.e. of the page allocator
function rest(what, n) {
	return (median("series", what, "anon", "copy", n) - median("series", "folio", "anon", "copy", n)) / n
}

# The widest range of a figure from 1 MiB on, in per cent; sets low and high
function widest(what, less_folio,    i, v) {
	low = high = 0
	for (i = 1; i <= nlengths; i++) {
		if (lengths[i] < PAGE_1_MIB)
			continue
		v = less_folio ? rest(what, lengths[i]) : median("series", what, "anon", "copy", lengths[i]) / lengths[i]
		if (!low || v < low)
			low = v
		if (v > high)
			high = v
	}
	return (high / low - 1) * 100
}

function requirement(good, text, detail) {
	print "# " (good ? "met" : "MISSED") ": " text ": " detail
}

function verdicts(    top, r, w) {
	spread_line()
	print (worst_spread <= 0.01 ? "ok" : "not ok") " - bench/spread of the runs is at most 1 %"
	printf "# largest: %.3f %% (%s)\n", worst_spread * 100, worst_figure
	if (!("series" in seen_kernel))
		return
	top = lengths[nlengths]
	w = widest("cost", 0)
	requirement(w <= 2, "cost per page is flat from 1 MiB on, within 2 %",
		sprintf("%.1f to %.1f instructions, %.2f %%", low, high, w))
	w = widest("tapped-cost", 1)
	requirement(w <= 2, "the same less look-up and allocation of the folio",
		sprintf("%.1f to %.1f instructions, %.2f %%", low, high, w))
	requirement(median("series", "holds", "anon", "copy", top) == top, "one page per lock hold",
		sprintf("%d holds for %d pages", median("series", "holds", "anon", "copy", top), top))
	w = widest("hold-total", 1)
	requirement(w <= 2, "a lock hold, less look-up and allocation of the folio, does not grow with the range",
		sprintf("%.1f to %.1f instructions, %.2f %%", low, high, w))
	if ("upstream" in seen_kernel) {
		r = ratio("upstream", "cost", "anon", "copy", top)
		requirement(r + 0 <= 1, "cost per page is at most that of 7.3", "series / 7.3 = " r)
	}
}

END {
	if (format == "plot") {
		plot_data()
	} else if (format == "tap") {
		verdicts()
	} else {
		spread_line()
		if (format == "md")
			print "# kvm_gmem_populate(): cost and lock hold"
		cost_tables()
		part_table()
		hold_tables()
		wait_table()
		source_table()
		ioctl_table()
		loop_table()
		printf "\nLargest spread over the runs of a cost or a total hold, from 256 pages on: %.3f %% (%s).\n", worst_spread * 100, worst_figure
	}
}
