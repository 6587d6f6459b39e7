// Package rounds is what the Go programs share: rounds of a work, a line of JSON for each.
package rounds

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// Work does count things and gives the figure for each of them, or for all when its unit says so.
type Work struct {
	Unit string
	Run  func(count int) float64
	Once bool // a second round in the same process would find what the first one left
}

// CPU is the processor time of the process in nanoseconds.
func CPU() float64 {
	const processCPUTime = 2
	var now syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, processCPUTime, uintptr(unsafe.Pointer(&now)), 0)
	return float64(now.Nano())
}

// ResidentBytes is what the kernel gave.
func ResidentBytes() float64 {
	text, _ := os.ReadFile("/proc/self/statm")
	pages, _ := strconv.Atoi(string(bytes.Fields(text)[1]))
	return float64(pages * os.Getpagesize())
}

// Report prints one figure.
func Report(work string, value float64, unit string) {
	fmt.Printf("{\"work\": %q, \"value\": %g, \"unit\": %q}\n", work, value, unit)
}

// Main does `WORK COUNT SECONDS`. The first round warms up and does not count, unless it alone took all the time.
func Main(works map[string]Work) {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: PROGRAM WORK COUNT SECONDS")
		os.Exit(2)
	}
	name := os.Args[1]
	count, _ := strconv.Atoi(os.Args[2])
	seconds, _ := strconv.ParseFloat(os.Args[3], 64)
	work, known := works[name]
	if !known {
		fmt.Fprintln(os.Stderr, "there is no work called", name)
		os.Exit(1)
	}
	end := time.Now().Add(time.Duration(seconds * 1e9))
	value := work.Run(count)
	once := work.Once || !time.Now().Before(end)
	for {
		if !once {
			value = work.Run(count)
		}
		Report(name, value, work.Unit)
		if once || !time.Now().Before(end) {
			return
		}
	}
}
