package kafkarium.recorder;

/** One situation: what it is called, what happens in it, which cluster it needs, and how it is played. */
record Situation(String name, String sentence, Cluster.Spec cluster, Play play) {
    /** Plays everything, repeats included, and tells what was seen. */
    @FunctionalInterface
    interface Play {
        void play(Cluster cluster, Recording recording) throws Exception;
    }

    /** How often a situation is played whose durations count. */
    static final int REPEATS = 5;

    /** For which no cluster is needed: it is given null. */
    static Situation alone(String name, String sentence, Play play) {
        return new Situation(name, sentence, Cluster.Spec.none(), play);
    }

    static Situation of(String name, String sentence, Play play) {
        return new Situation(name, sentence, Cluster.Spec.plain(), play);
    }

    static Situation of(String name, String sentence, Cluster.Spec cluster, Play play) {
        return new Situation(name, sentence, cluster, play);
    }
}
