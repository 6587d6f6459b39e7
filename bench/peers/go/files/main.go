// Files in 64 goroutines on two processors; what blocks takes a thread of its own.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"peers/rounds"
)

const (
	largeSize  = 256 << 20
	piece      = 4096
	largePiece = 1 << 20
	inFlight   = 64
	smallFiles = 10_000
	smallSize  = 1024
)

var path string

func must(holds bool) {
	if !holds {
		fmt.Fprintln(os.Stderr, "a read gave less than was asked for")
		os.Exit(1)
	}
}

// Calls body in every goroutine with numbers below count, each once.
func inGoroutines(count int, body func(buffer []byte, next func() (int, bool))) float64 {
	var taken int64
	next := func() (int, bool) {
		i := int(atomic.AddInt64(&taken, 1)) - 1
		return i, i < count
	}
	var all sync.WaitGroup
	all.Add(inFlight)
	start := time.Now()
	for i := 0; i < inFlight; i++ {
		go func() {
			body(make([]byte, piece), next)
			all.Done()
		}()
	}
	all.Wait()
	return float64(time.Since(start).Nanoseconds()) / float64(count) / 1e3
}

func randomReads(count int) float64 {
	file, err := os.Open(path)
	must(err == nil)
	defer file.Close()
	places := make([]int64, count)
	state := uint64(1)
	for i := range places {
		state = state*6364136223846793005 + 1442695040888963407
		places[i] = int64((state >> 33) % (largeSize / piece) * piece)
	}
	return inGoroutines(count, func(buffer []byte, next func() (int, bool)) {
		for i, more := next(); more; i, more = next() {
			got, _ := file.ReadAt(buffer, places[i])
			must(got == piece)
		}
	})
}

func sequential(int) float64 {
	file, err := os.Open(path)
	must(err == nil)
	defer file.Close()
	buffer := make([]byte, largePiece)
	total := 0
	start := time.Now()
	for {
		got, _ := file.Read(buffer)
		if got == 0 {
			return float64(total) / float64(time.Since(start).Nanoseconds())
		}
		total += got
	}
}

func readSmall(count int) float64 {
	return inGoroutines(count, func(buffer []byte, next func() (int, bool)) {
		for i, more := next(); more; i, more = next() {
			file, err := os.Open(fmt.Sprintf("%s.d/%d", path, i%smallFiles))
			must(err == nil)
			got, _ := file.Read(buffer)
			must(got == smallSize)
			file.Close()
		}
	})
}

func main() {
	runtime.GOMAXPROCS(2)
	path = os.Args[4]
	os.Args = os.Args[:4]
	rounds.Main(map[string]rounds.Work{
		"random_4k":     {Unit: "us", Run: randomReads},
		"sequential_1m": {Unit: "GB/s", Run: sequential},
		"small_files":   {Unit: "us", Run: readSmall},
	})
}
