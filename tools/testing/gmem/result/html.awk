# SPDX-License-Identifier: GPL-2.0-only
# After tap.awk: results of a run in, the middle of the page out. Files in this order: the stages' times, console logs of boots,
# results.tap. Which is which is told by the name. Variables: boots (one "NAME<TAB>MACHINE" per line)

function escape(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	gsub(/>/, "\\&gt;", s)
	gsub(/[\001-\010\013-\037\177]/, "", s)
	return s
}

# The last lines before a result; of a case that passed a few will do
function keep(line) { ring[ringed++ % 40] = line }
function kept(lines,    i, s) {
	for (i = ringed > lines ? ringed - lines : 0; i < ringed; i++)
		s = s escape(ring[i % 40]) "\n"
	return s
}

BEGIN {
	n = split(boots, line, "\n")
	for (i = 1; i <= n; i++)
		if (split(line[i], field, "\t") == 2)
			machine[field[1]] = field[2]
}

FNR == 1 {
	file = FILENAME
	sub(/.*\//, "", file)
	boot = file
	sub(/\.log$/, "", boot)
	ringed = 0
	last = 0
	now = -1
}

file == "times" {
	split($0, field, "\t")
	seconds[field[2]] = field[1]
	stages[++nstages] = field[2]
	known[field[2]] = 1
	next
}

file ~ /\.log$/ {
	sub(/\r$/, "")
	if (match($0, /^\[ *[0-9]+\.[0-9]+\]/)) {
		now = substr($0, 2, RLENGTH - 2) + 0
		text = substr($0, RLENGTH + 1)
		sub(/^\[ *[TC][0-9]+\]/, "", text)
		sub(/^ /, "", text)
	} else {
		text = $0
	}
	if (text ~ /^gmem: boot script .* starts/) {
		booted[boot] = now
		last = now
		ringed = 0
	} else if (text ~ /^gmem: / && tap_line(substr(text, 7))) {
		name = inner = tap_name
		sub(/^[^\/]*\//, "", inner)
		if (inner in pending) {
			took[boot "/" name] = pending[inner]
			excerpt[boot "/" name] = pending_text[inner]
			delete pending[inner]
		} else {
			if (now >= 0)
				took[boot "/" name] = sprintf("%.1f s", now - last)
			excerpt[boot "/" name] = kept(tap_verdict == "ok" ? 6 : 40)
		}
		last = now
		ringed = 0
	} else if (text ~ /^gmem: # / && tap_line(substr(text, 9)) && tap_number) {
		# A TAP test as it runs; guest.sh repeats its results as cases when it has ended
		pending[tap_name] = now < 0 ? "" : sprintf("%.1f s", now - last)
		pending_text[tap_name] = kept(tap_verdict == "ok" ? 6 : 40)
		last = now
		ringed = 0
	} else {
		sub(/^gmem: # /, "  ", text)
		keep(text)
		next
	}
	next
}

# results.tap
tap_line($0) {
	verdict = tap_skip ? "skipped" : tap_verdict == "ok" ? "passed" : "failed"
	stage = tap_head(tap_name)
	# One of another series has two parts, as in the times
	if (!(stage in known) && match(tap_name, /^[^\/]*\/[^\/]*/) && substr(tap_name, 1, RLENGTH) in known)
		stage = substr(tap_name, 1, RLENGTH)
	if (!(stage in known)) {
		known[stage] = 1
		stages[++nstages] = stage
	}
	case_of[stage] = case_of[stage] " " ++ncases
	names[ncases] = tap_name
	verdicts[ncases] = verdict
	reasons[ncases] = tap_reason
	count[stage, verdict]++
	total[verdict]++
	next
}
/^# / { if (ncases) remarks[ncases] = remarks[ncases] escape(substr($0, 3)) "\n" }

function show_case(i,    body, head) {
	body = remarks[i]
	if (names[i] in excerpt)
		body = body excerpt[names[i]]
	head = "<b>" verdicts[i] "</b><span>" escape(names[i]) \
		(reasons[i] != "" ? "<small>" escape(reasons[i]) "</small>" : "") "</span><i>" took[names[i]] "</i>"
	if (body == "")
		printf "<div class=\"case %s\">%s</div>\n", verdicts[i], head
	else
		printf "<details class=\"case %s\"%s><summary>%s</summary><pre>%s</pre></details>\n", \
			verdicts[i], verdicts[i] == "failed" ? " open" : "", head, body
}

function tally(stage,    s) {
	s = count[stage, "passed"] + 0 " passed"
	if (count[stage, "failed"])
		s = s ", <b class=failed>" count[stage, "failed"] " failed</b>"
	if (count[stage, "skipped"])
		s = s ", " count[stage, "skipped"] " skipped"
	return s
}

END {
	good = total["passed"] > 0 && !total["failed"]
	printf "<p class=\"verdict %s\">%d passed, %d failed%s</p>\n", good ? "passed" : "failed", total["passed"], \
		total["failed"], total["skipped"] ? ", " total["skipped"] " skipped" : ""

	if (total["failed"]) {
		print "<h2 id=failures>Failures</h2>"
		for (i = 1; i <= ncases; i++)
			if (verdicts[i] == "failed")
				show_case(i)
	}
	if (total["skipped"]) {
		print "<h2 id=skipped>Skipped</h2>"
		for (i = 1; i <= ncases; i++)
			if (verdicts[i] == "skipped")
				show_case(i)
	}

	print "<h2 id=stages>Stages</h2>"
	for (i = 1; i <= nstages; i++)
		if (stages[i] in seconds && seconds[stages[i]] > longest)
			longest = seconds[stages[i]]
	print "<table><thead><tr><th>Stage<th>Result<th>Time</thead><tbody>"
	for (i = 1; i <= nstages; i++) {
		stage = stages[i]
		printf "<tr><td>%s<td>%s<td>", \
			stage in case_of ? "<a href=\"#stage-" escape(stage) "\">" escape(stage) "</a>" : escape(stage), \
			stage in case_of ? tally(stage) : ""
		if (stage in seconds)
			printf "%d s<div class=bar style=\"width:%d%%\"></div>", seconds[stage], \
				longest ? 100 * seconds[stage] / longest : 0
		print ""
	}
	print "</tbody></table>"

	header_done = 0
	for (i = 1; i <= nstages; i++) {
		stage = stages[i]
		if (!(stage in booted))
			continue
		script = stage
		sub(/@.*/, "", script)
		if (!header_done++)
			print "<h2 id=boots>Boots</h2>\n<table><thead><tr><th>Boot<th>Machine<th>Boot time</thead><tbody>"
		printf "<tr><td>%s<td>%s<td>%s\n", escape(stage), escape(machine[script]), \
			booted[stage] < 0 ? "" : sprintf("%.1f s", booted[stage])
	}
	if (header_done)
		print "</tbody></table>"

	print "<h2 id=cases>Cases</h2>"
	for (i = 1; i <= nstages; i++) {
		stage = stages[i]
		if (!(stage in case_of))
			continue
		printf "<details class=stage id=\"stage-%s\"%s><summary><span>%s</span><i>%s</i></summary>\n", escape(stage), \
			count[stage, "failed"] ? " open" : "", escape(stage), tally(stage)
		m = split(case_of[stage], which, " ")
		for (j = 1; j <= m; j++)
			show_case(which[j] + 0)
		print "</details>"
	}
}
