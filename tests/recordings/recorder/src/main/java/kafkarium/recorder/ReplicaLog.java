package kafkarium.recorder;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

/** One replica as its broker keeps it on disk, whether the broker runs or not. */
final class ReplicaLog {
    /** A batch: where it stands, in which epoch, how many records. */
    record Batch(long baseOffset, long lastOffset, int leaderEpoch, List<String> values) {}

    private final Path data;
    private final String name;

    ReplicaLog(Cluster cluster, int broker, String topic, int partition) {
        data = cluster.data(broker);
        name = topic + "-" + partition;
    }

    /** First offsets of the segment files that are there. */
    List<Long> segments() throws IOException {
        try (Stream<Path> files = Files.list(data.resolve(name))) {
            return files.map(file -> file.getFileName().toString()).filter(file -> file.endsWith(".log"))
                    .map(file -> Long.parseLong(file.substring(0, file.length() - 4))).sorted().toList();
        }
    }

    List<Batch> batches() throws IOException {
        List<Batch> all = new ArrayList<>();
        for (long segment : segments()) {
            Path file = data.resolve(name).resolve(String.format("%020d.log", segment));
            FileRecords records = FileRecords.open(file.toFile(), false);
            try {
                for (RecordBatch batch : records.batches()) {
                    List<String> values = new ArrayList<>();
                    for (Record one : batch) {
                        values.add(one.hasValue() ? StandardCharsets.UTF_8.decode(one.value()).toString() : null);
                    }
                    all.add(new Batch(batch.baseOffset(), batch.lastOffset(), batch.partitionLeaderEpoch(), values));
                }
            } finally {
                // To close it would trim the file, which its owner goes on writing.
                records.closeHandlers();
            }
        }
        return all;
    }

    /** The log end offset. */
    long end() throws IOException {
        List<Batch> all = batches();
        List<Long> segments = segments();
        return all.isEmpty() ? segments.get(segments.size() - 1) : all.get(all.size() - 1).lastOffset() + 1;
    }

    /** Values of all records, in order. */
    List<String> values() throws IOException {
        return batches().stream().flatMap(batch -> batch.values().stream()).toList();
    }

    /** The leader-epoch cache: pairs of epoch and first offset. */
    List<List<Long>> epochs() throws IOException {
        List<String> lines = lines(data.resolve(name).resolve("leader-epoch-checkpoint"));
        return lines.stream().skip(2).map(line -> Stream.of(line.split(" ")).map(Long::parseLong).toList()).toList();
    }

    private static List<String> lines(Path file) throws IOException {
        try {
            return Files.readAllLines(file);
        } catch (NoSuchFileException none) {
            return List.of();
        }
    }
}
