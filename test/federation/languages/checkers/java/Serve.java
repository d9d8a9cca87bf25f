import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;

final class Serve extends Service {
    public static void main(String[] args) throws IOException {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", new Serve()::handle);
        server.start();
        System.out.println("http://127.0.0.1:" + server.getAddress().getPort());
    }

    @Override
    byte[] answer(Map<String, Object> user) throws IOException {
        var body = Map.of("user", user.get("sub"), "roles", user.get("r"));
        return new ObjectMapper().writeValueAsBytes(body);
    }
}
