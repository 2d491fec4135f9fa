//! A scripted service on a real socket: well-behaved, unless the story says otherwise.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::changes::{Changes, locked};
use crate::exchange::{Exchange, Place, Request};
use crate::socket::Socket;

type Answering = Pin<Box<dyn Future<Output = ()> + Send>>;
type Script = Arc<dyn Fn(Exchange) -> Answering + Send + Sync>;

/// One server on a port of its own. It is gone with the last of its clones that a story holds.
#[derive(Clone)]
pub(crate) struct Server {
    world: Arc<World>,
    /// Ends what runs for the server; the tasks hold the world, not this.
    _tasks: Arc<Tasks>,
}

/// What a connection has to do with.
pub(crate) struct World {
    pub(crate) changes: Changes,
    address: SocketAddr,
    state: Mutex<State>,
}

struct State {
    transfer: Option<Value>,
    on_dial: Script,
    on_poll: Script,
    dials: Vec<Seen>,
    polls: Vec<Seen>,
    sockets: Vec<Socket>,
    given_up: Vec<Instant>,
}

struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        locked(&self.0).abort_all();
    }
}

/// A request as it came in.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) request: Arc<Request>,
}

impl Server {
    /// Listens on `listener`, or on a free port of 127.0.0.1.
    pub(crate) async fn start(changes: Changes, listener: Option<TcpListener>) -> Result<Self> {
        let listener = match listener {
            Some(listener) => listener,
            None => TcpListener::bind("127.0.0.1:0").await?,
        };
        let world = Arc::new(World {
            changes,
            address: listener.local_addr()?,
            state: Mutex::new(State {
                transfer: None,
                on_dial: script(|dial| async move { dial.welcome().await }),
                on_poll: script(|poll| async move { poll.tell().await }),
                dials: Vec::new(),
                polls: Vec::new(),
                sockets: Vec::new(),
                given_up: Vec::new(),
            }),
        });
        let tasks = Arc::new(Mutex::new(JoinSet::new()));
        let accepting = accept(listener, Arc::clone(&world), Arc::clone(&tasks));
        locked(&tasks).spawn(accepting);
        Ok(Self {
            world,
            _tasks: Arc::new(Tasks(tasks)),
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.world.address)
    }

    /// What a socket's first frame and a poll's answer have from now on; a fresh socket says nothing without it.
    pub(crate) fn holds(&self, transfer: Value) {
        locked(&self.world.state).transfer = Some(transfer);
    }

    /// How an upgrade is answered from now on.
    pub(crate) fn on_dial<F: Future<Output = ()> + Send + 'static>(
        &self,
        answer: impl Fn(Exchange) -> F + Send + Sync + 'static,
    ) {
        locked(&self.world.state).on_dial = script(answer);
    }

    /// How a poll is answered from now on.
    pub(crate) fn on_poll<F: Future<Output = ()> + Send + 'static>(
        &self,
        answer: impl Fn(Exchange) -> F + Send + Sync + 'static,
    ) {
        locked(&self.world.state).on_poll = script(answer);
    }

    /// As [`Server::on_dial`], for an answer that a socket gets once it is open.
    pub(crate) fn on_socket<F: Future<Output = ()> + Send + 'static>(
        &self,
        talk: impl Fn(Socket) -> F + Send + Sync + 'static,
    ) {
        let talk = Arc::new(talk);
        self.on_dial(move |dial| {
            let talk = Arc::clone(&talk);
            async move {
                if let Some(socket) = dial.accept().await {
                    talk(socket).await;
                }
            }
        });
    }

    pub(crate) fn dials(&self) -> Vec<Seen> {
        locked(&self.world.state).dials.clone()
    }

    pub(crate) fn polls(&self) -> Vec<Seen> {
        locked(&self.world.state).polls.clone()
    }

    /// When each dial came, apart for each of the watches: each has a signature of its own.
    pub(crate) fn dials_of_each(&self) -> Vec<Vec<Instant>> {
        let mut each: HashMap<String, Vec<Instant>> = HashMap::new();
        for dial in self.dials() {
            let signature = dial.request.signature().unwrap_or_default();
            each.entry(signature).or_default().push(dial.at);
        }
        each.into_values().collect()
    }

    /// When the client gave up what was left hanging.
    pub(crate) fn given_up(&self) -> Vec<Instant> {
        locked(&self.world.state).given_up.clone()
    }

    /// How many upgrades were asked for.
    pub(crate) fn dialled(&self) -> usize {
        locked(&self.world.state).dials.len()
    }

    /// How many polls were asked for.
    pub(crate) fn polled(&self) -> usize {
        locked(&self.world.state).polls.len()
    }

    /// The `n`th socket that was accepted, from 0.
    pub(crate) fn socket(&self, n: usize) -> Option<Socket> {
        locked(&self.world.state).sockets.get(n).cloned()
    }
}

impl World {
    pub(crate) fn transfer(&self) -> Option<Value> {
        locked(&self.state).transfer.clone()
    }

    pub(crate) fn accepted(&self, socket: Socket) {
        locked(&self.state).sockets.push(socket);
        self.changes.tell();
    }

    /// Keeps a connection open, with nobody at this end, until the client gives it up.
    pub(crate) async fn hold(&self, mut stream: TcpStream) {
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        locked(&self.state).given_up.push(Instant::now());
        self.changes.tell();
    }
}

fn script<F: Future<Output = ()> + Send + 'static>(
    answer: impl Fn(Exchange) -> F + Send + Sync + 'static,
) -> Script {
    Arc::new(move |exchange| Box::pin(answer(exchange)))
}

async fn accept(listener: TcpListener, world: Arc<World>, tasks: Arc<Mutex<JoinSet<()>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let connected = connected(stream, Arc::clone(&world));
        locked(&tasks).spawn(connected);
    }
}

/// One request a connection: nothing here depends on what a client keeps open.
async fn connected(mut stream: TcpStream, world: Arc<World>) {
    let Some(request) = Request::read(&mut stream).await else {
        return;
    };
    let request = Arc::new(request);
    let seen = Seen {
        at: Instant::now(),
        request: Arc::clone(&request),
    };
    let is_dial = request.is_upgrade();
    let (number, turn, script) = {
        let mut state = locked(&world.state);
        let (list, script) = if is_dial {
            let script = Arc::clone(&state.on_dial);
            (&mut state.dials, script)
        } else {
            let script = Arc::clone(&state.on_poll);
            (&mut state.polls, script)
        };
        let signature = request.signature();
        let turn = list
            .iter()
            .filter(|seen| seen.request.signature() == signature)
            .count();
        list.push(seen);
        (list.len() - 1, turn, script)
    };
    world.changes.tell();
    let place = Place { number, turn };
    script(Exchange::new(place, request, stream, world)).await;
}
