package kafkarium.recorder;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** JSON that a person can read: what fits a line stands on one, lists of words and numbers fill lines. */
final class Json {
    private static final int WIDTH = 118;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    static String pretty(Object value) {
        return at(value, 0, 0);
    }

    private static String at(Object value, int indent, int used) {
        String line = line(value);
        if (indent + used + line.length() < WIDTH || !(value instanceof Map || value instanceof List)) {
            return line;
        }
        String inner = " ".repeat(indent + 2);
        List<String> items = new ArrayList<>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, one) -> {
                String name = line(key) + ": ";
                items.add(name + at(one, indent + 2, name.length() + 1));
            });
            return "{\n" + inner + String.join(",\n" + inner, items) + "\n" + " ".repeat(indent) + "}";
        }
        for (Object one : (List<?>) value) {
            items.add(at(one, indent + 2, 1));
        }
        return "[\n" + inner + filled(items, inner) + "\n" + " ".repeat(indent) + "]";
    }

    private static String filled(List<String> items, String inner) {
        StringBuilder text = new StringBuilder();
        int column = inner.length();
        for (int at = 0; at < items.size(); at++) {
            String item = items.get(at) + (at + 1 < items.size() ? "," : "");
            if (at > 0) {
                boolean fits = column + 1 + item.length() <= WIDTH && !item.contains("\n");
                text.append(fits ? " " : "\n" + inner);
                column = fits ? column + 1 : inner.length();
            }
            text.append(item);
            column += item.length();
        }
        return text.toString();
    }

    private static String line(Object value) {
        if (value instanceof Map<?, ?> map) {
            List<String> items = new ArrayList<>();
            map.forEach((key, one) -> items.add(line(key) + ": " + line(one)));
            return "{" + String.join(", ", items) + "}";
        }
        if (value instanceof List<?> list) {
            return "[" + String.join(", ", list.stream().map(Json::line).toList()) + "]";
        }
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
