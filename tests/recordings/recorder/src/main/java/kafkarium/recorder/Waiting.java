package kafkarium.recorder;

import java.util.concurrent.Callable;

/** Waiting for something to come true, looked at every 20 ms. */
final class Waiting {
    private Waiting() {}

    /** Returns the moment it was first seen true. What the question throws counts as not yet. */
    static long until(long withinMs, String what, Callable<Boolean> question) {
        long limit = System.currentTimeMillis() + withinMs;
        Exception last = null;
        while (true) {
            try {
                if (question.call()) {
                    return System.currentTimeMillis();
                }
                last = null;
            } catch (Exception notYet) {
                last = notYet;
            }
            if (System.currentTimeMillis() > limit) {
                throw new IllegalStateException("within " + withinMs + " ms it did not come true that " + what, last);
            }
            sleep(20);
        }
    }

    /** Waits for a moment, which may have passed. */
    static void untilMoment(long moment) {
        sleep(Math.max(0, moment - System.currentTimeMillis()));
    }

    static void sleep(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", interrupted);
        }
    }
}
