import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * RocketMQ by its own client, with the command line and the line of JSON of bench/stores/roles.h. Sends are asynchronous,
 * and their order is not kept on the way; what has been polled together is committed together.
 */
public class Rocket {
    static final int SILENT_SECONDS_MAX = 30;
    static final int POLL_MS = 1000;
    static final int ROUTE_MS = 100;  // between two questions for the topic

    static final PrintStream results = System.out;

    static int bytes = 100, inFlight = 512, messages = 0;
    static double warmup = 0.5, seconds = 3;

    /** bench/window.h. */
    static class Window {
        private long first, begun;
        private int atBegin, count;
        private double took;
        boolean ended;

        void advance(int now) {
            if (ended || now == 0) return;
            long at = System.nanoTime();
            if (first == 0) {
                first = at;
            } else if (begun == 0) {
                if (at - first >= warmup * 1e9) {
                    begun = at;
                    atBegin = now;
                }
            } else if (at - begun >= seconds * 1e9) {
                end(now);
            }
        }

        void end(int now) {
            ended = true;
            count = now - atBegin;
            took = (System.nanoTime() - begun) / 1e9;
        }

        void print(String name, int value) {
            results.printf("{\"count\": %d, \"seconds\": %f, \"rate\": %f, \"%s\": %d}%n", count, took, count / took, name,
                    value);
        }
    }

    /** bench/payload.h. */
    static byte[] payload(int sequence) {
        byte[] body = new byte[bytes];
        for (int i = 0; i < bytes; i++) body[i] = (byte) (i * 131 + 17);
        ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).putLong(sequence);
        return body;
    }

    public static void main(String[] words) throws Exception {
        System.setOut(System.err);  // where the client's own messages go
        for (int i = 2; i + 1 < words.length; i += 2) {
            switch (words[i]) {
                case "--bytes" -> bytes = Integer.parseInt(words[i + 1]);
                case "--in-flight" -> inFlight = Integer.parseInt(words[i + 1]);
                case "--messages" -> messages = Integer.parseInt(words[i + 1]);
                case "--warmup" -> warmup = Double.parseDouble(words[i + 1]);
                case "--seconds" -> seconds = Double.parseDouble(words[i + 1]);
                default -> throw new IllegalArgumentException(words[i]);
            }
        }
        boolean good = words[0].equals("publish") ? publish(words[1]) : consume(words[1]);
        results.flush();
        Runtime.getRuntime().halt(good ? 0 : 1);  // the client's threads go on for seconds
    }

    static boolean publish(String address) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("producers");
        producer.setNamesrvAddr(address);
        producer.setRetryTimesWhenSendAsyncFailed(0);
        producer.setSendMsgTimeout(SILENT_SECONDS_MAX * 1000);
        producer.start();
        createTopic(producer);
        Semaphore room = new Semaphore(inFlight);
        AtomicInteger receipted = new AtomicInteger();
        AtomicReference<Object> refused = new AtomicReference<>();
        SendCallback receipt = new SendCallback() {
            @Override
            public void onSuccess(SendResult result) {
                if (result.getSendStatus() != SendStatus.SEND_OK) refused.set(result);
                receipted.incrementAndGet();
                room.release();
            }

            @Override
            public void onException(Throwable broken) {
                refused.set(broken);
                room.release();
            }
        };
        Window window = new Window();
        for (int sent = 0; !window.ended; sent++) {
            if (!room.tryAcquire(SILENT_SECONDS_MAX, TimeUnit.SECONDS)) throw new Exception("no receipt comes any more");
            if (refused.get() != null) throw new Exception("a message was refused: " + refused.get());
            producer.send(new Message("stored", payload(sent)), receipt);
            window.advance(receipted.get());
        }
        if (!room.tryAcquire(inFlight, SILENT_SECONDS_MAX, TimeUnit.SECONDS)) throw new Exception("receipts are missing");
        window.print("stored", receipted.get());
        return refused.get() == null;
    }

    /** Until the broker has told the name server of itself, and of the topic. */
    static void createTopic(DefaultMQProducer producer) throws Exception {
        long began = System.nanoTime();
        for (;;) {
            try {
                producer.createTopic("TBW102", "stored", 1, null);
                if (!producer.fetchPublishMessageQueues("stored").isEmpty()) return;
            } catch (MQClientException unknown) {
                if (System.nanoTime() - began > SILENT_SECONDS_MAX * 1e9) throw unknown;
                Thread.sleep(ROUTE_MS);
            }
        }
    }

    static boolean consume(String address) throws Exception {
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer("consumers");
        consumer.setNamesrvAddr(address);
        consumer.setAutoCommit(false);
        consumer.setPullBatchSize(inFlight);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe("stored", "*");
        consumer.start();
        byte[] expected = payload(0);
        BitSet seen = new BitSet();
        Window window = new Window();
        int acked = 0, wrong = 0;
        long heard = System.nanoTime();
        while (!window.ended) {
            List<MessageExt> given = consumer.poll(POLL_MS);
            for (MessageExt message : given) {
                byte[] body = message.getBody();
                if (!Arrays.equals(body, 8, body.length, expected, 8, expected.length)) wrong++;
                seen.set((int) ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).getLong());
            }
            if (!given.isEmpty()) {
                consumer.commit();
                heard = System.nanoTime();
            }
            if (System.nanoTime() - heard > SILENT_SECONDS_MAX * 1e9) throw new Exception("no message comes any more");
            acked += given.size();
            window.advance(acked);
            if (messages > 0 && acked >= messages) window.end(acked);
        }
        if (messages > 0 && seen.cardinality() != messages) wrong++;
        window.print("wrong", wrong);
        return wrong == 0;
    }
}
