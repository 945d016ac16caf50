// Go's side of `benches/peers/run runtime`: goroutines on one processor.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const message = 64

type cost struct {
	operations int
	wall, cpu  time.Duration
	bytes      int64
}

func main() {
	runtime.GOMAXPROCS(1)
	if len(os.Args) != 4 {
		panic("usage: CASE SIZE OPERATIONS")
	}
	size, operations := number(os.Args[2]), number(os.Args[3])
	var c cost
	switch os.Args[1] {
	case "yield":
		c = yieldAmong(size, operations)
	case "spawn-cold":
		c = spawnAtOnce(size)
	case "spawn-warm":
		c = spawnInBatches(size, operations)
	case "ring":
		c = ring(size, operations)
	case "pingpong":
		c = echoClients(1, operations)
	case "echo":
		c = echoClients(size, operations)
	case "sleepers":
		c = sleepers(size, operations)
	case "parked":
		c = parked(size)
	default:
		panic("no such case: " + os.Args[1])
	}
	fmt.Printf("{\"operations\":%d,\"wall_ns\":%d,\"cpu_ns\":%d,\"bytes\":%d}\n", c.operations, c.wall.Nanoseconds(), c.cpu.Nanoseconds(), c.bytes)
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	check(err)
	return n
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func atLeast(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func measure(operations int, work func()) cost {
	start, cpu := time.Now(), cpuTime()
	work()
	return cost{operations, time.Since(start), cpuTime() - cpu, 0}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func memoryBytes() int64 {
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	var kib int64
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "VmRSS:") || strings.HasPrefix(line, "VmPTE:") {
			kib += int64(number(strings.Fields(line)[1]))
		}
	}
	return kib * 1024
}

// all runs `work` in so many goroutines and gives what waits for their end.
func all(size int, work func(n int)) *sync.WaitGroup {
	var group sync.WaitGroup
	group.Add(size)
	for n := 0; n < size; n++ {
		go func(n int) {
			defer group.Done()
			work(n)
		}(n)
	}
	return &group
}

func yieldAmong(size, operations int) cost {
	each := atLeast(operations/size, 4)
	group := all(size, func(int) {
		for i := 0; i < each; i++ {
			runtime.Gosched()
		}
	})
	runtime.Gosched()
	return measure((each-1)*size, group.Wait)
}

func spawnAtOnce(size int) cost {
	return measure(size, func() {
		values := make([]int, size)
		all(size, func(n int) { values[n] = n }).Wait()
		sum := 0
		for _, value := range values {
			sum += value
		}
		if sum != size*(size-1)/2 {
			panic("a value is missing")
		}
	})
}

func spawnInBatches(size, operations int) cost {
	batches := atLeast(operations/size, 1)
	spawnAtOnce(size)
	return measure(batches*size, func() {
		for i := 0; i < batches; i++ {
			spawnAtOnce(size)
		}
	})
}

func ring(size, operations int) cost {
	channels := make([]chan int, size)
	for at := range channels {
		channels[at] = make(chan int, 1)
	}
	done := make(chan bool)
	for at := range channels {
		go func(own, next chan int) {
			for left := range own {
				if left == 0 {
					done <- true
					return
				}
				next <- left - 1
			}
		}(channels[at], channels[(at+1)%size])
	}
	runtime.Gosched()
	return measure(operations, func() {
		channels[0] <- operations
		<-done
	})
}

func echoClients(size, operations int) cost {
	each := atLeast(operations/size, 1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		for {
			stream, err := listener.Accept()
			check(err)
			go func() {
				var buffer [message]byte
				for {
					if _, err := io.ReadFull(stream, buffer[:]); err != nil {
						return
					}
					_, err := stream.Write(buffer[:])
					check(err)
				}
			}()
		}
	}()
	ready, start := make(chan bool), make(chan bool)
	group := all(size, func(int) {
		stream, err := net.Dial("tcp", listener.Addr().String())
		check(err)
		exchange(stream)
		ready <- true
		<-start
		for i := 0; i < each; i++ {
			exchange(stream)
		}
	})
	for i := 0; i < size; i++ {
		<-ready
	}
	return measure(each*size, func() {
		close(start)
		group.Wait()
	})
}

func exchange(stream net.Conn) {
	var buffer [message]byte
	_, err := stream.Write(buffer[:])
	check(err)
	_, err = io.ReadFull(stream, buffer[:])
	check(err)
}

func sleepers(size, operations int) cost {
	each := atLeast(operations/size, 1)
	return measure(each*size, func() {
		all(size, func(n int) {
			for i := 0; i < each; i++ {
				time.Sleep(time.Duration(10+n%90) * time.Millisecond)
			}
		}).Wait()
	})
}

func parked(size int) cost {
	before := memoryBytes()
	event := make(chan bool)
	var bytes int64
	c := measure(size, func() {
		var there sync.WaitGroup
		there.Add(size)
		group := all(size, func(int) {
			there.Done()
			<-event
		})
		there.Wait()
		runtime.Gosched()
		bytes = memoryBytes() - before
		close(event)
		group.Wait()
	})
	c.bytes = bytes
	return c
}
