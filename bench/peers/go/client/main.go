// The HTTP client of Go's net/http. usage: client URL COUNT AT_ONCE
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
)

const bufferSize = 64 << 10

// The whole of a body. io.Copy to io.Discard reads 8 KiB at a time.
func size(body io.Reader, buffer []byte) int64 {
	var total int64
	for {
		count, err := body.Read(buffer)
		total += int64(count)
		if err == io.EOF {
			return total
		}
		if err != nil {
			panic(err)
		}
	}
}

func main() {
	left, _ := strconv.ParseInt(os.Args[2], 10, 64)
	atOnce, _ := strconv.Atoi(os.Args[3])
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConns: atOnce, MaxIdleConnsPerHost: atOnce, MaxConnsPerHost: atOnce,
		ReadBufferSize: bufferSize, DisableCompression: true}}
	var bytes int64
	var all sync.WaitGroup
	for i := 0; i < atOnce; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			buffer := make([]byte, bufferSize)
			for atomic.AddInt64(&left, -1) >= 0 {
				response, err := client.Get(os.Args[1])
				if err != nil {
					panic(err)
				}
				count := size(response.Body, buffer)
				response.Body.Close()
				atomic.AddInt64(&bytes, count)
			}
		}()
	}
	all.Wait()
	fmt.Printf("{\"bytes\": %d}\n", bytes)
}
