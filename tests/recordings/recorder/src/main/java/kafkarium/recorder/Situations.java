package kafkarium.recorder;

import java.util.List;
import java.util.stream.Stream;

/** All situations, by what they are about. */
final class Situations {
    private Situations() {}

    static List<Situation> all() {
        return Stream.of(Keys.all(), Assignors.all(), ServerAssignors.all(), Leaders.all(), Outages.all(), Followers.all(), Producers.all(), Offsets.all(),
                Retention.all(), Groups.all(), ServerGroups.all(), ShareGroups.all(), Controllers.all(),
                AddedBrokers.all(), Cleaning.all(), Transactions.all())
                .flatMap(List::stream).toList();
    }
}
