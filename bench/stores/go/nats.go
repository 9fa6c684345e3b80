package main

import (
	"context"
	"log"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func connectNats(asked options) (*nats.Conn, jetstream.JetStream, jetstream.Stream) {
	connection, err := nats.Connect("nats://" + asked.address)
	must(err)
	js, err := jetstream.New(connection, jetstream.WithPublishAsyncMaxPending(asked.inFlight))
	must(err)
	stream, err := js.CreateOrUpdateStream(context.Background(), jetstream.StreamConfig{
		Name: "stored", Subjects: []string{"stored"}, Storage: jetstream.FileStorage})
	must(err)
	return connection, js, stream
}

// The client's own asynchronous publishing; each future is waited for in order.
func natsPublish(asked options) {
	connection, js, _ := connectNats(asked)
	defer connection.Close()
	futures := make(chan jetstream.PubAckFuture, asked.inFlight)
	receipts := make(chan error, asked.inFlight)
	go func() {
		for future := range futures {
			select {
			case <-future.Ok():
				receipts <- nil
			case err := <-future.Err():
				receipts <- err
			}
		}
	}()
	publish(asked, func(body []byte) {
		future, err := js.PublishAsync("stored", body)
		must(err)
		futures <- future
	}, receipts)
}

// A pull consumer; an acknowledgement is sent, and not answered.
func natsConsume(asked options) {
	connection, _, stream := connectNats(asked)
	consumer, err := stream.CreateOrUpdateConsumer(context.Background(), jetstream.ConsumerConfig{
		Durable: "consumers", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: asked.inFlight})
	must(err)
	messages, err := consumer.Messages(jetstream.PullMaxMessages(asked.inFlight))
	must(err)
	consume(asked, func() ([]byte, func() error) {
		message, err := messages.Next(jetstream.NextMaxWait(silence))
		if err != nil {
			log.Fatal(err)
		}
		return message.Data(), message.Ack
	})
	messages.Stop()
	must(connection.Flush())
	connection.Close()
}
