// A peer of the bridge, as tests/peers/README.md has it, in Go with go-zeromq: no libzmq below it.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/go-zeromq/zmq4"
)

var types = map[string]func(context.Context, ...zmq4.Option) zmq4.Socket{
	"req": zmq4.NewReq, "rep": zmq4.NewRep, "push": zmq4.NewPush,
	"pull": zmq4.NewPull, "pub": zmq4.NewPub, "sub": zmq4.NewSub,
}

func main() {
	role, address := os.Args[1], os.Args[2]
	socket := types[role](context.Background())
	must(socket.Dial(address))
	if role == "sub" {
		must(socket.SetOption(zmq4.OptionSubscribe, "even"))
	}
	fmt.Println("connected")
	switch role {
	case "req", "push", "pub":
		send(socket, role)
	default:
		receive(socket, role)
	}
	must(socket.Close())
}

func send(socket zmq4.Socket, role string) {
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		number, err := strconv.Atoi(input.Text())
		must(err)
		must(socket.SendMulti(message(number)))
		if role == "req" {
			reply, err := socket.Recv()
			must(err)
			show(reply)
		}
	}
}

func receive(socket zmq4.Socket, role string) {
	for last := false; !last; {
		received, err := socket.Recv()
		must(err)
		show(received)
		last = strings.HasPrefix(string(received.Frames[1]), "0:")
		if role == "rep" {
			frames := append([][]byte{[]byte("reply")}, received.Frames[1:]...)
			must(socket.SendMulti(zmq4.NewMsgFrom(frames...)))
		}
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	must(err)
}

func message(number int) zmq4.Msg {
	topic := "even"
	if number%2 != 0 {
		topic = "odd"
	}
	body := fmt.Sprintf("%d:%s", number, strings.Repeat("x", number*37%600))
	return zmq4.NewMsgFrom([]byte(topic), []byte(body), []byte{})
}

func show(message zmq4.Msg) {
	var frames []string
	for _, frame := range message.Frames {
		frames = append(frames, string(frame))
	}
	fmt.Println(strings.Join(frames, "|"))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
