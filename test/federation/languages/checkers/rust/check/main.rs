mod cookie;
mod session;

use serde_json::{json, Value};

fn main() {
    for line in std::io::stdin().lines() {
        let asked: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let claims = session::who_is(asked["cookies"].as_str().unwrap());
        println!("{}", json!({ "claims": claims }));
    }
}
