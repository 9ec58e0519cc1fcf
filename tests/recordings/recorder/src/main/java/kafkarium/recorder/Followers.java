package kafkarium.recorder;

import java.util.LinkedHashMap;
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
                Situation.of("follower-frozen-high-watermark",
                        "Broker 1 leads two partitions of three replicas; a producer with acks=1 sends 25 records a second to "
                                + "one, a producer with acks=all to the other. Broker 3, a follower, freezes. Leaders wait for it "
                                + "4 s only. Later it thaws.",
                        Cluster.Spec.of("replica.lag.time.max.ms", "4000", "broker.session.timeout.ms", "30000"),
                        Followers::highWatermarks),
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
                        (cluster, recording) -> answerLost(cluster, recording, false)),
                Situation.of("connection-cut-idempotent", connectionCut("an idempotent producer"),
                        (cluster, recording) -> connectionCut(cluster, recording, true)),
                Situation.of("connection-cut-not-idempotent", connectionCut("a producer without idempotence"),
                        (cluster, recording) -> connectionCut(cluster, recording, false)));
    }

    private static String frozenFor(int seconds) {
        return "Broker 1 leads a partition of three replicas; one producer with acks=all and one with acks=1 send 25 records a "
                + "second each to it. Broker 3, a follower, freezes for " + seconds + " s.";
    }

    private static String answerLost(String who) {
        return "A record of " + who + " with acks=all is appended, but its answer takes longer than request.timeout.ms; the "
                + "producer tries again.";
    }

    private static String connectionCut(String who) {
        return "A record of " + who + " with acks=all is appended, and before its answer has come, the connection is broken; "
                + "broker and producer go on.";
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

    /** How far the leader's log and what readers see of it are. */
    private record Ends(long highWatermark, long logEnd) {
        static Ends of(Cluster cluster, String topic) throws Exception {
            // What readers see is asked first: it goes on until then, and the log's end is never before it.
            long highWatermark = highWatermarkAt1(cluster, topic);
            return new Ends(highWatermark, new ReplicaLog(cluster, 1, topic, 0).end());
        }
    }

    private static void highWatermarks(Cluster cluster, Recording recording) throws Exception {
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            Map<String, String> topics = new LinkedHashMap<>();
            topics.put("acks=1", placed(cluster, recording, Map.of()));
            topics.put("acks=all", placed(cluster, recording, Map.of()));
            try (Flow one = new Flow(cluster.bootstrapOf(List.of(1)), topics.get("acks=1"), 1, 25, Map.of("acks", "1"));
                    Flow all = new Flow(cluster.bootstrapOf(List.of(1)), topics.get("acks=all"), 1, 25, Map.of())) {
                Waiting.sleep(4000 + 370 * repeat);
                long frozen = cluster.freeze(3);
                // What it had asked for before is answered into its silence, and five requests go without an answer.
                Waiting.untilMoment(frozen + 1000);
                Map<String, Ends> before = ends(cluster, topics);
                Waiting.untilMoment(frozen + 3000);
                Map<String, Ends> still = ends(cluster, topics);
                long looked = System.currentTimeMillis();
                Map<String, Change> left = new LinkedHashMap<>();
                for (String acks : topics.keySet()) {
                    left.put(acks, cluster.metadata().await(topics.get(acks), 0, frozen, 60_000, "broker 3 has left the ISR",
                            change -> !change.isr().contains(3)));
                    if (left.get(acks).at() < looked) {
                        throw new IllegalStateException("broker 3 had left the ISR before the second look");
                    }
                }
                Waiting.sleep(2000);
                Map<String, Ends> after = ends(cluster, topics);
                all.close();
                one.close();
                Waiting.sleep(1000);
                Map<String, Ends> ended = ends(cluster, topics);
                for (String acks : topics.keySet()) {
                    long stood = before.get(acks).highWatermark();
                    recording.fact(acks + ": high watermark moved with broker 3 in the ISR",
                            still.get(acks).highWatermark() != stood);
                    recording.fact(acks + ": log end moved with broker 3 in the ISR",
                            still.get(acks).logEnd() != before.get(acks).logEnd());
                    recording.fact(acks + ": log end was beyond the high watermark",
                            still.get(acks).logEnd() > still.get(acks).highWatermark());
                    recording.fact(acks + ": ISR without broker 3", left.get(acks).isr());
                    recording.fact(acks + ": high watermark moved without broker 3 in the ISR",
                            after.get(acks).highWatermark() > still.get(acks).highWatermark());
                    recording.fact(acks + ": high watermark is the log end when nobody sends",
                            ended.get(acks).highWatermark() == ended.get(acks).logEnd());
                }
                long thawed = cluster.thaw(3);
                for (String acks : topics.keySet()) {
                    Change back = cluster.metadata().await(topics.get(acks), 0, thawed, 60_000, "broker 3 is in sync again",
                            change -> change.isr().contains(3));
                    recording.fact(acks + ": ISR in the end", back.isr());
                }
                recording.fact("sends that failed", all.failed() + one.failed());
            }
            cluster.heal();
        }
    }

    private static Map<String, Ends> ends(Cluster cluster, Map<String, String> topics) throws Exception {
        Map<String, Ends> all = new LinkedHashMap<>();
        for (String acks : topics.keySet()) {
            all.put(acks, Ends.of(cluster, topics.get(acks)));
        }
        return all;
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

    private static void connectionCut(Cluster cluster, Recording recording, boolean idempotent) throws Exception {
        Map<String, String> config = Map.of("enable.idempotence", "" + idempotent);
        Map<String, String> once = Map.of("enable.idempotence", "false", "retries", "0");
        recording.config("producer", config);
        for (int repeat = 0; repeat < Situation.REPEATS; repeat++) {
            String topic = placed(cluster, recording, Map.of());
            try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrapVia(), config)) {
                producer.send(new ProducerRecord<>(topic, 0, null, "before")).get();
                Future<RecordMetadata> sent = cut(cluster, topic, producer);
                recording.fact("the send ends with", outcome(sent));
                recording.fact("offset it is told", sent.get().offset());
                recording.fact("records sent again", retried(producer));
                producer.send(new ProducerRecord<>(topic, 0, null, "after")).get();
            }
            recording.fact("records in the log", new ReplicaLog(cluster, 1, topic, 0).values());
            // What a producer is told of the broken connection, it tells where it may not try again.
            if (!idempotent) {
                recording.config("producer that tries once", once);
                String another = placed(cluster, recording, Map.of());
                try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrapVia(), once)) {
                    producer.send(new ProducerRecord<>(another, 0, null, "before")).get();
                    recording.fact("without retries the send ends with", outcome(cut(cluster, another, producer)));
                }
                recording.fact("records in the log without retries", new ReplicaLog(cluster, 1, another, 0).values());
            }
        }
    }

    /** Sends the second record of a log, and breaks the connection when it is appended and not answered. */
    private static Future<RecordMetadata> cut(Cluster cluster, String topic, KafkaProducer<String, String> producer)
            throws Exception {
        Proxy between = cluster.clientsOf(1);
        between.holdAnswers(true);
        Future<RecordMetadata> sent = producer.send(new ProducerRecord<>(topic, 0, null, "cut"));
        Waiting.until(10_000, "the record is appended", () -> new ReplicaLog(cluster, 1, topic, 0).end() == 2);
        Waiting.sleep(200);
        between.sever();
        between.holdAnswers(false);
        return sent;
    }

    private static long retried(KafkaProducer<String, String> producer) {
        return producer.metrics().entrySet().stream()
                .filter(one -> one.getKey().name().equals("record-retry-total")
                        && one.getKey().group().equals("producer-metrics"))
                .mapToLong(one -> ((Number) one.getValue().metricValue()).longValue()).sum();
    }
}
