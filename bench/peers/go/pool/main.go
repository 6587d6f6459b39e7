// A channel of functions and two goroutines that call them.
package main

import (
	"runtime"
	"sync"
	"time"

	"peers/rounds"
)

const workers = 2

//go:noinline
func spin(turns int) (sum int) {
	for i := 0; i < turns; i++ {
		sum += i
	}
	return
}

func turnsOfAMicrosecond() int {
	const tried = 100_000
	best := time.Hour
	for i := 0; i < 100; i++ {
		start := time.Now()
		spin(tried)
		if taken := time.Since(start); taken < best {
			best = taken
		}
	}
	return int(tried * 1e3 / best.Nanoseconds())
}

func jobs(count, turns int) float64 {
	waiting := make(chan func(), 4096)
	var ended sync.WaitGroup
	for i := 0; i < workers; i++ {
		go func() {
			for job := range waiting {
				job()
			}
		}()
	}
	ended.Add(count)
	start := time.Now()
	for i := 0; i < count; i++ {
		waiting <- func() {
			spin(turns)
			ended.Done()
		}
	}
	ended.Wait()
	taken := time.Since(start)
	close(waiting)
	return float64(taken.Nanoseconds()) / float64(count)
}

func main() {
	runtime.GOMAXPROCS(workers)
	turns := turnsOfAMicrosecond()
	rounds.Main(map[string]rounds.Work{
		"empty_job":  {Unit: "ns", Run: func(count int) float64 { return jobs(count, 0) }},
		"one_us_job": {Unit: "ns", Run: func(count int) float64 { return jobs(count, turns) }},
	})
}
