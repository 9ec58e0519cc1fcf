package kafkarium.recorder;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.metadata.BrokerRegistrationChangeRecord;
import org.apache.kafka.common.metadata.PartitionChangeRecord;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.RegisterBrokerRecord;
import org.apache.kafka.common.metadata.TopicRecord;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.apache.kafka.metadata.PartitionRegistration;

/**
 * What the controller decided and when, read from its own log: exact where asking brokers would add the asking to the
 * measurement.
 */
final class MetadataLog {
    private final Path folder;

    /** A record of the controller and the time of its batch. */
    record Entry(long at, ApiMessage record) {}

    /** A partition after a change. */
    record Change(long at, PartitionRegistration partition) {
        List<Integer> isr() {
            return IntStream.of(partition.isr).boxed().toList();
        }

        List<Integer> elr() {
            return IntStream.of(partition.elr).boxed().toList();
        }
    }

    MetadataLog(Path folder) {
        this.folder = folder;
    }

    List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(one -> one.toString().endsWith(".log")).sorted().toList()) {
                read(file.toFile(), entries);
            }
        } catch (IOException broken) {
            throw new IllegalStateException(broken);
        }
        return entries;
    }

    private static void read(File file, List<Entry> into) throws IOException {
        MetadataRecordSerde serde = new MetadataRecordSerde();
        FileRecords records = FileRecords.open(file, false);
        try {
            for (RecordBatch batch : records.batches()) {
                if (batch.isControlBatch()) {
                    continue;
                }
                for (Record record : batch) {
                    ByteBufferAccessor value = new ByteBufferAccessor(record.value());
                    into.add(new Entry(batch.maxTimestamp(), serde.read(value, record.valueSize()).message()));
                }
            }
        } finally {
            // To close it would trim the file, which its owner goes on writing.
            records.closeHandlers();
        }
    }

    /** Every state that a partition ever had. */
    List<Change> history(String topic, int partition) {
        List<Change> changes = new ArrayList<>();
        Uuid id = Uuid.ZERO_UUID;
        PartitionRegistration now = null;
        for (Entry entry : entries()) {
            if (entry.record() instanceof TopicRecord created && created.name().equals(topic)) {
                id = created.topicId();
            } else if (entry.record() instanceof PartitionRecord begun && begun.topicId().equals(id)
                    && begun.partitionId() == partition) {
                now = new PartitionRegistration(begun);
                changes.add(new Change(entry.at(), now));
            } else if (entry.record() instanceof PartitionChangeRecord change && change.topicId().equals(id)
                    && change.partitionId() == partition) {
                now = now.merge(change);
                changes.add(new Change(entry.at(), now));
            }
        }
        return changes;
    }

    Change now(String topic, int partition) {
        List<Change> all = history(topic, partition);
        return all.get(all.size() - 1);
    }

    /** The first change at or after a moment that {@code is}, waited for. */
    Change await(String topic, int partition, long from, long withinMs, String what, Predicate<Change> is) {
        List<Change> found = new ArrayList<>();
        Waiting.until(withinMs, what, () -> {
            Optional<Change> first = history(topic, partition).stream()
                    .filter(change -> change.at() >= from && is.test(change)).findFirst();
            first.ifPresent(found::add);
            return first.isPresent();
        });
        return found.get(0);
    }

    /** When a broker registered, at or after a moment. */
    long registered(int broker, long from) {
        return entries().stream().filter(entry -> entry.at() >= from && entry.record() instanceof RegisterBrokerRecord one
                && one.brokerId() == broker).findFirst().orElseThrow().at();
    }

    /** When a broker was fenced (1) or unfenced (-1) at or after a moment, waited for. */
    long awaitFencing(int broker, int fenced, long from, long withinMs) {
        List<Long> found = new ArrayList<>();
        Waiting.until(withinMs, "broker " + broker + (fenced > 0 ? " is fenced" : " is unfenced"), () -> {
            Optional<Entry> first = entries().stream().filter(entry -> entry.at() >= from
                    && entry.record() instanceof BrokerRegistrationChangeRecord change
                    && change.brokerId() == broker && change.fenced() == fenced).findFirst();
            first.ifPresent(entry -> found.add(entry.at()));
            return first.isPresent();
        });
        return found.get(0);
    }
}
