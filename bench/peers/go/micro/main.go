// Goroutines on one processor. A goroutine is the task, a channel the queue, a context what cancels.
package main

import (
	"context"
	"math/rand"
	"runtime"
	"sync"
	"time"

	"peers/rounds"
)

func yields(tasks, times int) float64 {
	var all sync.WaitGroup
	all.Add(tasks)
	start := make(chan struct{})
	for i := 0; i < tasks; i++ {
		go func() {
			<-start
			for j := 0; j < times+1; j++ {
				runtime.Gosched()
			}
			all.Done()
		}()
	}
	runtime.Gosched()
	close(start)
	runtime.Gosched() // every goroutine has had its first turn
	began := rounds.CPU()
	all.Wait()
	return (rounds.CPU() - began) / float64(tasks*times)
}

//go:noinline
func leaf(value int) int { return value }

func spawnJoin(count int) float64 {
	done := make(chan struct{})
	began := rounds.CPU()
	for i := 0; i < count; i++ {
		go func() { done <- struct{}{} }()
		<-done
	}
	return (rounds.CPU() - began) / float64(count)
}

func queuePingpong(count int) float64 {
	there, back := make(chan int, 1), make(chan int, 1)
	go func() {
		for item := range there {
			back <- item
		}
	}()
	times := count / 2
	began := rounds.CPU()
	for i := 0; i < times; i++ {
		there <- i
		<-back
	}
	taken := rounds.CPU() - began
	close(there)
	return taken / float64(2*times)
}

func lock(count int) float64 {
	var own sync.Mutex
	began := rounds.CPU()
	for i := 0; i < count; i++ {
		own.Lock()
		own.Unlock()
	}
	return (rounds.CPU() - began) / float64(count)
}

func gather(count int) float64 {
	began := rounds.CPU()
	values := make([]int, count)
	var all sync.WaitGroup
	all.Add(count)
	for i := 0; i < count; i++ {
		go func(i int) {
			values[i] = leaf(i)
			all.Done()
		}(i)
	}
	all.Wait()
	return (rounds.CPU() - began) / float64(count)
}

// One context for each goroutine, cancelled one by one, as the others do with their handles.
func cancel(count int) float64 {
	var all sync.WaitGroup
	all.Add(count)
	chance := rand.New(rand.NewSource(1))
	cancels := make([]context.CancelFunc, count)
	for i := range cancels {
		own, cancel := context.WithCancel(context.Background())
		cancels[i] = cancel
		length := time.Hour + time.Duration(chance.Intn(3_600_000))*time.Millisecond
		go func() {
			timer := time.NewTimer(length)
			select {
			case <-timer.C:
			case <-own.Done():
				timer.Stop()
			}
			all.Done()
		}()
	}
	for i := 0; i < 10; i++ {
		runtime.Gosched()
	}
	began := rounds.CPU()
	for _, cancel := range cancels {
		cancel()
	}
	all.Wait()
	return (rounds.CPU() - began) / float64(count)
}

// The nearest to a function that another thread asks a loop to call: a channel of functions that one goroutine calls.
func postThread(count int) float64 {
	runtime.GOMAXPROCS(2)
	defer runtime.GOMAXPROCS(1)
	calls := make(chan func(), 4096)
	left := count
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		for call := range calls {
			call()
		}
	}()
	began := time.Now()
	for i := 0; i < count; i++ {
		calls <- func() {
			if left--; left == 0 {
				close(done)
			}
		}
	}
	<-done
	taken := time.Since(began)
	close(calls)
	return float64(taken.Nanoseconds()) / float64(count)
}

func timers(count int) float64 {
	chance := rand.New(rand.NewSource(1))
	var all sync.WaitGroup
	all.Add(count)
	began := rounds.CPU()
	for i := 0; i < count; i++ {
		length := time.Duration(chance.Intn(count * 1000))
		go func() {
			time.Sleep(length)
			all.Done()
		}()
	}
	all.Wait()
	return (rounds.CPU() - began) / 1e9
}

func taskBytes(count int) float64 {
	before := rounds.ResidentBytes()
	for i := 0; i < count; i++ {
		go func() { time.Sleep(time.Hour) }()
	}
	time.Sleep(2 * time.Second) // until all of them sleep
	return (rounds.ResidentBytes() - before) / float64(count)
}

func main() {
	runtime.GOMAXPROCS(1)
	rounds.Main(map[string]rounds.Work{
		"yield_2":        {Unit: "ns", Run: func(count int) float64 { return yields(2, count/2) }},
		"yield_10k":      {Unit: "ns", Run: func(count int) float64 { return yields(10_000, count/10_000) }},
		"spawn_join":     {Unit: "ns", Run: spawnJoin},
		"queue_pingpong": {Unit: "ns", Run: queuePingpong},
		"lock":           {Unit: "ns", Run: lock},
		"gather_100k":    {Unit: "ns", Run: gather},
		"cancel_100k":    {Unit: "ns", Run: cancel},
		"post_thread":    {Unit: "ns", Run: postThread},
		"timers_1m_cpu":  {Unit: "s", Run: timers},
		"task_bytes":     {Unit: "B", Run: taskBytes, Once: true},
	})
}
