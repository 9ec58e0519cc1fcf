package kafkarium.recorder;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import kafkarium.recorder.MetadataLog.Change;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** What becomes of a partition when all its brokers end one after the other, and come back in the same order. */
final class Outages {
    private static final List<List<Integer>> PLACED = List.of(List.of(1, 2, 3));

    private Outages() {}

    static List<Situation> all() {
        return List.of(
                inTurn("all-stopped-in-turn", "stopped cleanly", false, 1),
                inTurn("all-stopped-in-turn-min-isr-2", "stopped cleanly", false, 2),
                inTurn("all-killed-in-turn", "killed", true, 1),
                inTurn("all-killed-in-turn-min-isr-2", "killed", true, 2));
    }

    private static Situation inTurn(String name, String how, boolean kill, int minIsr) {
        return Situation.of(name, "Brokers 1, 2 and 3 hold a partition of ten records with min.insync.replicas = " + minIsr
                + ". They are " + how + ", each when the one before is down and fenced; then they are started in the same order, "
                + "each when the one before is back.", (cluster, recording) -> play(cluster, recording, kill, minIsr));
    }

    private static void play(Cluster cluster, Recording recording, boolean kill, int minIsr) throws Exception {
        Map<String, String> config = Map.of("min.insync.replicas", "" + minIsr);
        recording.given("placement", PLACED);
        recording.config("topic", config);
        String topic = Topics.fresh("orders");
        Topics.place(cluster, topic, PLACED, config);
        try (KafkaProducer<String, String> producer = Flow.producer(cluster.bootstrap(), Map.of())) {
            for (int number = 0; number < 10; number++) {
                producer.send(new ProducerRecord<>(topic, 0, null, "" + number)).get();
            }
        }
        Waiting.sleep(2000);
        for (int broker : Cluster.BROKERS) {
            if (kill) {
                long killed = cluster.kill(broker);
                cluster.metadata().awaitFencing(broker, 1, killed, 60_000);
            } else {
                cluster.terminate(broker);
                cluster.awaitEnd(broker);
            }
            Waiting.sleep(2000);
            tell(cluster, recording, topic, "when broker " + broker + " is down");
        }
        for (int broker : Cluster.BROKERS) {
            long restarted = cluster.restart(broker);
            cluster.metadata().awaitFencing(broker, -1, restarted, 120_000);
            Waiting.sleep(6000);
            tell(cluster, recording, topic, "when broker " + broker + " is back");
        }
        int leader = cluster.metadata().now(topic, 0).partition().leader;
        recording.fact("records in the end", new ReplicaLog(cluster, leader, topic, 0).values());
    }

    private static void tell(Cluster cluster, Recording recording, String topic, String when) {
        Change now = cluster.metadata().now(topic, 0);
        Map<String, Object> state = new LinkedHashMap<>();
        state.put("ELR", now.elr());
        state.put("ISR", now.isr());
        state.put("leader", now.partition().leader);
        state.put("leader epoch", now.partition().leaderEpoch);
        recording.fact(when, state);
    }
}
