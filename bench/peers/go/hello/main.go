// Hello world: sleeps a millisecond, says hello, ends.
package main

import (
	"fmt"
	"time"
)

func main() {
	time.Sleep(time.Millisecond)
	fmt.Println("hello")
}
