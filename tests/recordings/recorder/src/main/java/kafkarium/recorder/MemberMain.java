package kafkarium.recorder;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * {@code MemberMain TOPICS KEY=VALUE...}: one consumer in a process of its own, so that it can be killed. It tells every
 * event on a line, {@code MILLISECONDS WHAT DETAIL}, and obeys {@code leave} and {@code stall MILLISECONDS} on its
 * standard input. A key that begins with a dot is ours: {@code .commit=after} commits what a poll returned,
 * {@code .processing=MILLISECONDS} is spent on every record.
 */
public final class MemberMain {
    private MemberMain() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> config = new HashMap<>();
        for (String pair : Arrays.asList(arguments).subList(1, arguments.length)) {
            int at = pair.indexOf('=');
            config.put(pair.substring(0, at), pair.substring(at + 1));
        }
        boolean commits = "after".equals(config.remove(".commit"));
        long processingMs = Long.parseLong((String) config.getOrDefault(".processing", "0"));
        config.remove(".processing");
        LinkedBlockingQueue<String> orders = new LinkedBlockingQueue<>();
        Thread listens = new Thread(() -> {
            try (BufferedReader input = new BufferedReader(new InputStreamReader(System.in))) {
                input.lines().forEach(orders::add);
            } catch (java.io.IOException closed) {
                orders.add("leave");
            }
        });
        listens.setDaemon(true);
        listens.start();
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(arguments[0].split(",")), listener(consumer));
            tell("polling", "");
            while (true) {
                String order = orders.poll();
                if ("leave".equals(order)) {
                    break;
                }
                if (order != null && order.startsWith("stall ")) {
                    Thread.sleep(Long.parseLong(order.substring(6)));
                }
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
                for (TopicPartition partition : records.partitions()) {
                    List<ConsumerRecord<String, String>> some = records.records(partition);
                    tell("polled", partition + " " + some.get(0).offset() + " " + (some.get(some.size() - 1).offset() + 1));
                    Thread.sleep(processingMs * some.size());
                }
                if (commits && !records.isEmpty()) {
                    consumer.commitSync();
                }
            }
        } catch (RuntimeException failure) {
            tell("failed", failure.getClass().getSimpleName());
            return;
        }
        tell("left", "");
    }

    private static ConsumerRebalanceListener listener(KafkaConsumer<String, String> consumer) {
        return new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> added) {
                tell("assigned", consumer.groupMetadata().generationId() + " " + names(consumer.assignment()));
            }

            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> taken) {
                tell("revoked", names(taken));
            }

            @Override
            public void onPartitionsLost(Collection<TopicPartition> taken) {
                tell("lost", names(taken));
            }
        };
    }

    private static String names(Collection<TopicPartition> partitions) {
        return partitions.stream().map(TopicPartition::toString).sorted().collect(Collectors.joining(","));
    }

    private static synchronized void tell(String what, String detail) {
        System.out.println(System.currentTimeMillis() + " " + what + " " + detail);
        System.out.flush();
    }
}
