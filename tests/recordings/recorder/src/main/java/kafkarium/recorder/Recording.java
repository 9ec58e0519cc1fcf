package kafkarium.recorder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.utils.AppInfoParser;

/** What was observed in one situation, and how it is written. */
final class Recording {
    private final Map<String, Object> head = new LinkedHashMap<>();
    private final Map<String, Object> config = new LinkedHashMap<>();
    private final Map<String, Object> given = new LinkedHashMap<>();
    private final Map<String, List<Object>> observed = new LinkedHashMap<>();
    private final Map<String, List<Object>> measured = new LinkedHashMap<>();

    Recording(Situation situation) {
        head.put("kafka", AppInfoParser.getVersion());
        head.put("name", situation.name());
        head.put("situation", situation.sentence());
        config("brokers", situation.cluster().config());
        config("features", situation.cluster().features());
    }

    /** What differs from Kafka's defaults, of whom. */
    void config(String whose, Map<String, String> keys) {
        if (!keys.isEmpty()) {
            config.put(whose, keys);
        }
    }

    /** What the situation begins with, for whoever plays it again. */
    void given(String name, Object value) {
        given.put(name, value);
    }

    /** Something observed that should be the same in every repeat; if it is not, every value is kept. */
    void fact(String name, Object value) {
        observed.computeIfAbsent(name, unknown -> new ArrayList<>()).add(value);
    }

    /** Something that differs from repeat to repeat by its nature; the name begins with the unit. */
    void measured(String name, long value) {
        measured.computeIfAbsent(name, unknown -> new ArrayList<>()).add(value);
    }

    void write(Path file) throws IOException {
        Map<String, Object> facts = new LinkedHashMap<>();
        Map<String, Object> varied = new LinkedHashMap<>();
        observed.forEach((name, values) -> {
            if (values.stream().allMatch(values.get(0)::equals)) {
                facts.put(name, values.get(0));
            } else {
                varied.put(name, values);
            }
        });
        Map<String, Object> all = new LinkedHashMap<>(head);
        all.put("config", config);
        all.put("given", given);
        all.put("facts", facts);
        all.put("varied", varied);
        all.put("measured", measured);
        all.values().removeIf(part -> part instanceof Map<?, ?> map && map.isEmpty());
        // A recording that was interrupted while it was written must not look like one.
        Path half = file.resolveSibling(file.getFileName() + ".half");
        Files.writeString(half, Json.pretty(all) + "\n");
        Files.move(half, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
