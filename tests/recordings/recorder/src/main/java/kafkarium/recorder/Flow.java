package kafkarium.recorder;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** A producer that sends numbered records at a steady pace until it is closed, and keeps what became of each. */
final class Flow implements AutoCloseable {
    /** What became of a record: the error is a class's name, or null. */
    record Outcome(int number, long sentAt, long doneAt, long offset, String error) {}

    private final KafkaProducer<String, String> producer;
    private final Thread sender;
    private final List<Outcome> outcomes = new ArrayList<>();
    private volatile boolean ends;

    /** Sends to each partition in turn, so many records a second in all. */
    Flow(String bootstrap, String topic, int partitions, int perSecond, Map<String, String> config) {
        producer = producer(bootstrap, config);
        producer.partitionsFor(topic);
        sender = new Thread(() -> {
            long next = System.nanoTime();
            for (int number = 0; !ends; number++) {
                send(topic, number % partitions, number);
                next += 1_000_000_000L / perSecond;
                LockSupport.parkNanos(next - System.nanoTime());
            }
        }, "flow");
        sender.setDaemon(true);
        sender.start();
    }

    /** A producer of texts with such a configuration. */
    static KafkaProducer<String, String> producer(String bootstrap, Map<String, String> config) {
        Map<String, Object> all = new HashMap<>(config);
        all.put("bootstrap.servers", bootstrap);
        return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
    }

    private void send(String topic, int partition, int number) {
        long sentAt = System.currentTimeMillis();
        producer.send(new ProducerRecord<>(topic, partition, null, Integer.toString(number)), (where, error) -> {
            long offset = where == null ? -1 : where.offset();
            String name = error == null ? null : error.getClass().getSimpleName();
            synchronized (outcomes) {
                outcomes.add(new Outcome(number, sentAt, System.currentTimeMillis(), offset, name));
            }
        });
    }

    /** What became of the records that are done, in the order in which they were. */
    List<Outcome> outcomes() {
        synchronized (outcomes) {
            return List.copyOf(outcomes);
        }
    }

    /** The longest time between two acknowledgements of which the later came after {@code from}. */
    long longestSilence(long from) {
        List<Outcome> acknowledged = outcomes().stream().filter(one -> one.error() == null).toList();
        long longest = 0;
        for (int at = 1; at < acknowledged.size(); at++) {
            if (acknowledged.get(at).doneAt() >= from) {
                longest = Math.max(longest, acknowledged.get(at).doneAt() - acknowledged.get(at - 1).doneAt());
            }
        }
        return longest;
    }

    /** Waits until records that were sent after {@code from} are acknowledged. */
    void awaitAcknowledged(long from, long withinMs) {
        Waiting.until(withinMs, "records are acknowledged again",
                () -> outcomes().stream().anyMatch(one -> one.sentAt() > from && one.error() == null));
    }

    long failed() {
        return outcomes().stream().filter(one -> one.error() != null).count();
    }

    /** Acknowledged records that a log does not have. */
    long gone(List<String> values) {
        Set<String> there = new HashSet<>(values);
        return outcomes().stream().filter(one -> one.error() == null && !there.contains("" + one.number())).count();
    }

    /** How many records of a log are there a second time. */
    static long twice(List<String> values) {
        return values.size() - new HashSet<>(values).size();
    }

    /** Sends no more, and waits for what is on its way. */
    @Override
    public void close() throws InterruptedException {
        ends = true;
        sender.join();
        producer.close(Duration.ofSeconds(60));
    }
}
