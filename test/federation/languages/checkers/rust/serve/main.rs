mod cookie;
mod service;
mod session;

fn main() {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    println!("http://{}", server.server_addr());
    service::serve(server);
}
