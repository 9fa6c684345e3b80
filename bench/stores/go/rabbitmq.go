package main

import (
	"errors"
	"log"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func connectRabbit(asked options) (*amqp.Connection, *amqp.Channel) {
	connection, err := amqp.Dial("amqp://guest:guest@" + asked.address + "/")
	must(err)
	channel, err := connection.Channel()
	must(err)
	_, err = channel.QueueDeclare("stored", true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
	must(err)
	return connection, channel
}

// Publisher confirms, which the server may give for several at once.
func rabbitPublish(asked options) {
	connection, channel := connectRabbit(asked)
	must(channel.Confirm(false))
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, asked.inFlight))
	receipts := make(chan error, asked.inFlight)
	go func() {
		for confirm := range confirms {
			if confirm.Ack {
				receipts <- nil
			} else {
				receipts <- errors.New("a message was refused")
			}
		}
	}()
	publish(asked, func(body []byte) {
		must(channel.Publish("", "stored", false, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: body}))
	}, receipts)
	must(connection.Close())
}

// A prefetch; an acknowledgement is sent, and not answered.
func rabbitConsume(asked options) {
	connection, channel := connectRabbit(asked)
	must(channel.Qos(asked.inFlight, 0, false))
	deliveries, err := channel.Consume("stored", "", false, false, false, false, nil)
	must(err)
	consume(asked, func() ([]byte, func() error) {
		for {
			select {
			case delivery := <-deliveries:
				if !delivery.Redelivered {
					return delivery.Body, func() error { return delivery.Ack(false) }
				}
				// Acknowledged by the consumer before, as its connection ended: that was of no effect.
				must(delivery.Ack(false))
			case <-time.After(silence):
				log.Fatal("no message comes any more")
			}
		}
	})
	must(connection.Close())
}
