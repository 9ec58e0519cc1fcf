package kafkarium.recorder;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import kafkarium.recorder.MetadataLog.Change;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** What happens when followers fall behind, when too few are in sync, and when an answer is lost on its way. */
final class Followers {
    private static final List<List<Integer>> PLACED = List.of(List.of(1, 2, 3));

    private Followers() {}

    static List<Situation> all() {
        return List.of(
                Situation.of("follower-frozen-10s", frozenFor(10), (cluster, recording) -> frozen(cluster, recording, 10)),
                Situation.of("follower-frozen-40s", frozenFor(40), (cluster, recording) -> frozen(cluster, recording, 40)),
                Situation.of("follower-frozen-90s", frozenFor(90), (cluster, recording) -> frozen(cluster, recording, 90)),
                Situation.of("follower-frozen-short-lag", frozenFor(20) + " Leaders wait for it 4 s only.",
                        Cluster.Spec.of("replica.lag.time.max.ms", "4000", "broker.session.timeout.ms", "30000"),
                        (cluster, recording) -> frozen(cluster, recording, 20)),
                Situation.of("too-few-in-sync-before",
                        "min.insync.replicas is 2. Broker 2 freezes until it is out of the ISR, then broker 3. Producers "
                                + "send to it: acks=all without retries, acks=all for 5 s, acks=1. Then the two thaw.",
                        Followers::tooFewBefore),
                Situation.of("too-few-in-sync-during",
                        "min.insync.replicas is 2. Broker 2 freezes until it is out of the ISR, then broker 3, and at once a "
                                + "record with acks=all and no retries is sent. Later the two thaw.",
                        Followers::tooFewDuring),
                Situation.of("answer-lost-idempotent", answerLost("an idempotent producer"),
                        (cluster, recording) -> answerLost(cluster, recording, true)),
                Situation.of("answer-lost-not-idempotent", answerLost("a producer without idempotence"),
                        (cluster, recording) -> answerLost(cluster, recording, false)));
    }

    private static String frozenFor(int seconds) {
        return "Broker 1 leads a partition of three replicas; one producer with acks=all and one with acks=1 send 25 records a "
                + "second each to it. Broker 3, a follower, freezes for " + seconds + " s.";
    }

    private static String answerLost(String who) {
        return "A record of " + who + " with acks=all is appended, but its answer takes longer than request.timeout.ms; the "
                + "producer tries again.";
    }

    private static String placed(Cluster cluster, Recording recording, Map<String, String> config) throws Exception {
        String topic = Topics.fresh("orders");
        Topics.place(cluster, topic, PLACED, config);
        recording.given("placement", PLACED);
        recording.config("topic", config);
        return topic;
    }

    private static void frozen(Cluster cluster, Recording recording, int seconds) throws Exception {
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = placed(cluster, recording, Map.of());
            try (Flow all = new Flow(cluster.bootstrapOf(List.of(1)), topic, 1, 25, Map.of());
                    Flow one = new Flow(cluster.bootstrapOf(List.of(1)), topic, 1, 25, Map.of("acks", "1"))) {
                Waiting.sleep(4000 + 370 * repeat);
                long frozen = cluster.freeze(3);
                Change left = cluster.metadata().await(topic, 0, frozen, seconds * 1000L, "broker 3 has left the ISR",
                        change -> !change.isr().contains(3));
                recording.measured("ms until it left the ISR", left.at() - frozen);
                recording.fact("ISR without it", left.isr());
                recording.fact("ELR without it", left.elr());
                recording.fact("leader epoch without it", left.partition().leaderEpoch);
                Waiting.sleep(1000);
                recording.measured("ms without an acknowledgement, acks=all", all.longestSilence(frozen));
                recording.fact("acks=1 went on all the time", one.longestSilence(frozen) < 2000);
                Waiting.untilMoment(frozen + seconds * 1000L);
                long thawed = cluster.thaw(3);
                Change back = cluster.metadata().await(topic, 0, thawed, 60_000, "broker 3 is in sync again",
                        change -> change.isr().contains(3));
                recording.measured("ms from the thaw until back in the ISR", back.at() - thawed);
                recording.fact("ISR in the end", back.isr());
                recording.fact("leader epoch in the end", back.partition().leaderEpoch);
                all.close();
                one.close();
                recording.fact("sends that failed", all.failed() + one.failed());
            }
            cluster.heal();
        }
    }

    /** Broker 2 freezes and leaves the ISR, then broker 3 freezes; returns when. */
    private static long freezeBoth(Cluster cluster, String topic, int repeat) throws Exception {
        long frozen = cluster.freeze(2);
        cluster.metadata().await(topic, 0, frozen, 60_000, "broker 2 has left the ISR",
                change -> !change.isr().contains(2));
        Waiting.sleep(500 + 370 * repeat);
        return cluster.freeze(3);
    }

    private static void thawBoth(Cluster cluster, Recording recording, String topic) throws Exception {
        long thawed = cluster.thaw(2);
        cluster.thaw(3);
        cluster.metadata().await(topic, 0, thawed, 60_000, "all are in sync", change -> change.isr().size() == 3);
        Waiting.sleep(1500);
        recording.fact("high watermark with all in sync", Topics.highWatermark(cluster, topic, 0));
    }

    /** The error that a send ends with, by its class's name; or that it is acknowledged. */
    private static String outcome(Future<RecordMetadata> sent) throws InterruptedException {
        try {
            sent.get();
            return "acknowledged";
        } catch (ExecutionException failed) {
            return failed.getCause().getClass().getSimpleName();
        }
    }

    private static String sendOne(Cluster cluster, String topic, String value, Map<String, String> config)
            throws InterruptedException {
        try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrapOf(List.of(1)), config)) {
            return outcome(producer.send(new ProducerRecord<>(topic, 0, null, value)));
        }
    }

    private static void tooFewBefore(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> once = Map.of("retries", "0");
        Map<String, String> briefly = Map.of("delivery.timeout.ms", "5000", "request.timeout.ms", "2000");
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = placed(cluster, recording, Map.of("min.insync.replicas", "2"));
            sendOne(cluster, topic, "before", Map.of());
            Waiting.sleep(1000 + 370 * repeat);
            long frozen = freezeBoth(cluster, topic, repeat);
            Change alone = cluster.metadata().await(topic, 0, frozen, 60_000, "broker 1 is alone in the ISR",
                    change -> change.isr().equals(List.of(1)));
            recording.fact("ELR with broker 1 alone", alone.elr());
            Waiting.sleep(500);
            recording.config("first producer", once);
            recording.fact("acks=all without retries", sendOne(cluster, topic, "once", once));
            recording.config("second producer", briefly);
            long from = System.currentTimeMillis();
            recording.fact("acks=all for 5 s", sendOne(cluster, topic, "for 5 s", briefly));
            recording.measured("ms until acks=all for 5 s gave up", System.currentTimeMillis() - from);
            recording.fact("acks=1", sendOne(cluster, topic, "acks=1", Map.of("acks", "1")));
            recording.fact("records in the log", new ReplicaLog(cluster, 1, topic, 0).values());
            recording.fact("high watermark", highWatermarkAt1(cluster, topic));
            thawBoth(cluster, recording, topic);
            cluster.heal();
        }
    }

    /** Asked of a client that knows broker 1 alone: the others may be frozen. */
    private static long highWatermarkAt1(Cluster cluster, String topic) {
        var asked = new org.apache.kafka.common.TopicPartition(topic, 0);
        try (var consumer = new org.apache.kafka.clients.consumer.KafkaConsumer<>(
                Map.<String, Object>of("bootstrap.servers", cluster.bootstrapOf(List.of(1))),
                new org.apache.kafka.common.serialization.StringDeserializer(),
                new org.apache.kafka.common.serialization.StringDeserializer())) {
            return consumer.endOffsets(List.of(asked)).get(asked);
        }
    }

    private static void tooFewDuring(Cluster cluster, Recording recording) throws Exception {
        Map<String, String> once = Map.of("retries", "0");
        recording.config("producer", once);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = placed(cluster, recording, Map.of("min.insync.replicas", "2"));
            try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrapOf(List.of(1)), once)) {
                producer.send(new ProducerRecord<>(topic, 0, null, "before")).get();
                Waiting.sleep(1000 + 370 * repeat);
                long frozen = freezeBoth(cluster, topic, repeat);
                // What the two had asked for before is answered into their silence.
                Waiting.sleep(700);
                long from = System.currentTimeMillis();
                recording.fact("the send ends with", outcome(producer.send(new ProducerRecord<>(topic, 0, null, "during"))));
                long ended = System.currentTimeMillis();
                recording.measured("ms until the send ended", ended - from);
                Change alone = cluster.metadata().await(topic, 0, frozen, 60_000, "broker 1 is alone in the ISR",
                        change -> change.isr().equals(List.of(1)));
                recording.measured("ms until broker 1 was alone in the ISR", alone.at() - frozen);
                recording.fact("ELR with broker 1 alone", alone.elr());
                recording.fact("records in the log", new ReplicaLog(cluster, 1, topic, 0).values());
                recording.fact("high watermark", highWatermarkAt1(cluster, topic));
                thawBoth(cluster, recording, topic);
            }
            cluster.heal();
        }
    }

    private static void answerLost(Cluster cluster, Recording recording, boolean idempotent) throws Exception {
        Map<String, String> config = Map.of("enable.idempotence", "" + idempotent, "request.timeout.ms", "2000");
        recording.config("producer", config);
        String topic = placed(cluster, recording, Map.of());
        try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrapVia(), config)) {
            producer.send(new ProducerRecord<>(topic, 0, null, "before")).get();
            cluster.clientsOf(1).holdAnswers(true);
            Future<RecordMetadata> sent = producer.send(new ProducerRecord<>(topic, 0, null, "held"));
            Waiting.sleep(2500);
            cluster.clientsOf(1).holdAnswers(false);
            recording.fact("the send ends with", outcome(sent));
            producer.send(new ProducerRecord<>(topic, 0, null, "after")).get();
        }
        recording.fact("records in the log", new ReplicaLog(cluster, 1, topic, 0).values());
    }
}
