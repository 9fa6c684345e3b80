// A peer of the bridge, as tests/peers/README.md has it, in Java with JeroMQ: one source for 0.3.6 and for 0.6.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.zeromq.ZMQ;

public class Peer {
    static final Map<String, Integer> TYPES = Map.of("req", ZMQ.REQ, "rep", ZMQ.REP, "push", ZMQ.PUSH,
                                                     "pull", ZMQ.PULL, "pub", ZMQ.PUB, "sub", ZMQ.SUB);
    static final BufferedReader INPUT = new BufferedReader(new InputStreamReader(System.in));

    public static void main(String[] arguments) throws Exception {
        String role = arguments[0];
        ZMQ.Context context = ZMQ.context(1);
        ZMQ.Socket socket = context.socket(TYPES.get(role));
        socket.connect(arguments[1]);
        if (role.equals("sub")) {
            socket.subscribe("even".getBytes());
        }
        System.out.println("connected");
        if (role.equals("req") || role.equals("push") || role.equals("pub")) {
            send(socket, role);
        } else {
            receive(socket, role);
        }
        socket.close();
        context.term();
    }

    static void send(ZMQ.Socket socket, String role) throws Exception {
        for (String line = INPUT.readLine(); line != null; line = INPUT.readLine()) {
            sendFrames(socket, message(Integer.parseInt(line)));
            if (role.equals("req")) {
                show(receiveFrames(socket));
            }
        }
    }

    static void receive(ZMQ.Socket socket, String role) throws Exception {
        boolean last = false;
        while (!last) {
            List<String> frames = receiveFrames(socket);
            show(frames);
            last = frames.get(1).startsWith("0:");
            if (role.equals("rep")) {
                frames.set(0, "reply");
                sendFrames(socket, frames);
            }
        }
        while (INPUT.readLine() != null) {
            continue;
        }
    }

    static List<String> message(int number) {
        return List.of(number % 2 != 0 ? "odd" : "even", number + ":" + "x".repeat((int) (number * 37L % 600)), "");
    }

    static void sendFrames(ZMQ.Socket socket, List<String> frames) {
        for (int at = 0; at < frames.size(); at++) {
            boolean more = at + 1 < frames.size();
            if (!socket.send(frames.get(at).getBytes(StandardCharsets.UTF_8), more ? ZMQ.SNDMORE : 0)) {
                throw new IllegalStateException("not sent");
            }
        }
    }

    static List<String> receiveFrames(ZMQ.Socket socket) {
        List<String> frames = new ArrayList<>();
        do {
            frames.add(new String(socket.recv(0), StandardCharsets.UTF_8));
        } while (socket.hasReceiveMore());
        return frames;
    }

    static void show(List<String> frames) {
        System.out.println(String.join("|", frames));
    }
}
