// A producer with receipts, or a consumer with acknowledgements, as those of bench/stores/roles.h: the same command line,
// the same line of JSON.
package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"os"
	"time"
)

type options struct {
	role, address   string
	bytes, inFlight int
	messages        int // consume: ends with so many; 0: with the window
	warmup, seconds float64
}

// silence: without a receipt or a message it has failed.
const silence = 30 * time.Second

func main() {
	log.SetFlags(0)
	store, role := os.Args[1], os.Args[2]
	asked := options{role: role, address: os.Args[3]}
	flags := flag.NewFlagSet(store, flag.ExitOnError)
	flags.IntVar(&asked.bytes, "bytes", 100, "size of a message")
	flags.IntVar(&asked.inFlight, "in-flight", 512, "without a receipt, or an acknowledgement")
	flags.IntVar(&asked.messages, "messages", 0, "consume: so many")
	flags.Float64Var(&asked.warmup, "warmup", 0.5, "seconds after the first that do not count")
	flags.Float64Var(&asked.seconds, "seconds", 3, "length of the measured window")
	must(flags.Parse(os.Args[4:]))
	run := map[string]func(options){
		"nats publish": natsPublish, "nats consume": natsConsume,
		"rabbitmq publish": rabbitPublish, "rabbitmq consume": rabbitConsume,
	}[store+" "+role]
	if run == nil {
		log.Fatalf("no role %s of %s", role, store)
	}
	run(asked)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// window is the steady part of a run: bench/window.h.
type window struct {
	warmup, length   time.Duration
	first, begun     time.Time
	atBegin, counted int
	took             time.Duration
	ended            bool
}

func newWindow(asked options) *window {
	second := float64(time.Second)
	return &window{warmup: time.Duration(asked.warmup * second), length: time.Duration(asked.seconds * second)}
}

func (w *window) advance(count int) {
	now := time.Now()
	switch {
	case w.ended || count == 0:
	case w.first.IsZero():
		w.first = now
	case w.begun.IsZero() && now.Sub(w.first) >= w.warmup:
		w.begun, w.atBegin = now, count
	case !w.begun.IsZero() && now.Sub(w.begun) >= w.length:
		w.end(count)
	}
}

func (w *window) end(count int) {
	w.ended, w.counted, w.took = true, count-w.atBegin, time.Since(w.begun)
}

func (w *window) print(name string, value int) {
	seconds := w.took.Seconds()
	fmt.Printf("{\"count\": %d, \"seconds\": %f, \"rate\": %f, %q: %d}\n", w.counted, seconds,
		float64(w.counted)/seconds, name, value)
}

// payload is that of bench/payload.h.
func payload(sequence, size int) []byte {
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(i*131 + 17)
	}
	binary.LittleEndian.PutUint64(body, uint64(sequence))
	return body
}

// check counts what is damaged, missing or out of order.
type check struct {
	rest        []byte
	next, wrong int
}

func newCheck(asked options) *check {
	return &check{rest: payload(0, asked.bytes)[8:]}
}

func (c *check) onMessage(body []byte) {
	if len(body) != len(c.rest)+8 || binary.LittleEndian.Uint64(body) != uint64(c.next) || !bytes.Equal(body[8:], c.rest) {
		c.wrong++
	}
	c.next++
}

// publish keeps as many in flight as asked; send's receipts come through the channel: nil, or what went wrong.
func publish(asked options, send func(body []byte), receipts <-chan error) {
	steady := newWindow(asked)
	sent, receipted := 0, 0
	for !steady.ended || receipted < sent {
		for ; !steady.ended && sent-receipted < asked.inFlight; sent++ {
			send(payload(sent, asked.bytes))
		}
		select {
		case err := <-receipts:
			must(err)
		case <-time.After(silence):
			log.Fatal("no receipt comes any more")
		}
		receipted++
		steady.advance(receipted)
	}
	steady.print("stored", receipted)
}

// consume is given each message's body and what acknowledges it.
func consume(asked options, next func() (body []byte, ack func() error)) {
	steady, seen := newWindow(asked), newCheck(asked)
	for acked := 0; !steady.ended; {
		body, ack := next()
		seen.onMessage(body)
		must(ack())
		acked++
		steady.advance(acked)
		if asked.messages > 0 && acked >= asked.messages {
			steady.end(acked)
		}
	}
	steady.print("wrong", seen.wrong)
	if seen.wrong > 0 {
		os.Exit(1)
	}
}
