# SPDX-License-Identifier: GPL-2.0-only
# Plots of make bench, from the data that bench.awk wrote to the current directory.
load "plot-kernels.gp"
set terminal svg size 800,500 background rgb "white" font "sans,12"
set grid
set rmargin 4
# There are ten parts, and eight colours by default
set linetype 9 lc rgb "#aaaaaa"
set linetype 10 lc rgb "#dddddd"
n = words(kernels)

set logscale x 4
set xlabel "pages in one call"

set output "cost.svg"
set key left bottom
set title "Cost of kvm\\_gmem\\_populate() per page (filled: copy, open: empty callback)"
set ylabel "instructions per page"
set yrange [0:*]
plot for [i=1:n] "plot-cost.dat" using 1:(column(2 * i)) with linespoints lw 2 pt 7 lc i title word(kernels, i), \
	for [i=1:n] "plot-cost.dat" using 1:(column(2 * i + 1)) with linespoints lw 1 pt 6 lc i notitle

set output "hold.svg"
set key left top
set title "Longest hold of the invalidate lock, copy"
set ylabel "instructions"
set autoscale y
set logscale y
plot for [i=1:n] "plot-hold.dat" using 1:(column(1 + i)) with linespoints lw 2 pt 7 lc i title word(kernels, i)

unset logscale
set output "parts.svg"
set title "Where the instructions of a page go (4096 pages, copy)"
set ylabel "instructions per page"
unset xlabel
set style data histograms
set style histogram rowstacked
set style fill solid 0.8 border -1
set boxwidth 0.6
set key outside right
set rmargin -1
set yrange [0:*]
plot for [c=2:11] "plot-parts.dat" using c:xtic(1) title columnheader(c)
