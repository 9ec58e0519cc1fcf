package kafkarium.recorder;

import java.util.List;
import java.util.stream.Stream;

/** All situations, by what they are about. */
final class Situations {
    private Situations() {}

    static List<Situation> all() {
        return Stream.of(Keys.all(), Assignors.all(), Leaders.all(), Followers.all(), Offsets.all(), Retention.all(),
                Groups.all()).flatMap(List::stream).toList();
    }
}
