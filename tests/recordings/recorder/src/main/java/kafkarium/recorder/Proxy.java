package kafkarium.recorder;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/** A network that can be slow, silent or broken: whoever reaches one broker's port through it feels its faults. */
final class Proxy {
    private record Chunk(byte[] bytes, long dueNanos) {}

    private static final Chunk END = new Chunk(new byte[0], 0);

    private final ServerSocket server;
    private final int target;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile long delayMs;
    private volatile boolean answersHeld;

    /** Listens on a free port for what is meant for {@code target}, both on loopback. */
    Proxy(int target) throws IOException {
        this.target = target;
        server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        daemon("proxy of " + target, this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    /** Every byte takes so much longer in each direction, on connections that are open too. */
    void delay(long ms) {
        delayMs = ms;
    }

    /** What the broker says does not come back while it is held; what it is told arrives. */
    void holdAnswers(boolean held) {
        answersHeld = held;
    }

    /** Breaks every connection; what was held on the way is lost. */
    void sever() {
        open.forEach(Proxy::close);
    }

    private void accept() {
        while (true) {
            try {
                Socket client = server.accept();
                daemon("proxy connection", () -> connect(client));
            } catch (IOException gone) {
                return;
            }
        }
    }

    private void connect(Socket client) {
        try {
            Socket broker = new Socket(InetAddress.getLoopbackAddress(), target);
            client.setTcpNoDelay(true);
            broker.setTcpNoDelay(true);
            open.add(client);
            open.add(broker);
            carry(client, broker, false);
            carry(broker, client, true);
        } catch (IOException refused) {
            close(client);
        }
    }

    private void carry(Socket from, Socket to, boolean answers) {
        LinkedBlockingQueue<Chunk> onTheWay = new LinkedBlockingQueue<>();
        daemon("proxy in", () -> {
            byte[] buffer = new byte[65536];
            try {
                InputStream in = from.getInputStream();
                for (int count; (count = in.read(buffer)) >= 0;) {
                    byte[] bytes = java.util.Arrays.copyOf(buffer, count);
                    onTheWay.add(new Chunk(bytes, System.nanoTime() + delayMs * 1_000_000));
                }
            } catch (IOException ended) {
                // The end of a connection is told to its other side below, however it ended.
            }
            onTheWay.add(END);
        });
        daemon("proxy out", () -> {
            try {
                OutputStream out = to.getOutputStream();
                for (Chunk chunk; (chunk = onTheWay.take()) != END;) {
                    while (chunk.dueNanos() > System.nanoTime() || (answers && answersHeld)) {
                        Thread.sleep(1);
                    }
                    out.write(chunk.bytes());
                }
            } catch (IOException | InterruptedException ended) {
                // As above.
            }
            close(from);
            close(to);
            open.remove(from);
            open.remove(to);
        });
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException alreadyGone) {
            // That is what was wanted.
        }
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }
}
