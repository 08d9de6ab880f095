//! One module a command. Those on a running gateway ask its admin API and print the answer.

mod admin_client;
mod audit;
mod check;
mod collection;
mod document;
mod key;
mod master_key;
mod members;
mod openapi;
mod pages;
mod plugin;
mod provider;
mod route;
mod status;
mod store;
mod table;
mod token;
mod usage;

use crate::command_line::{
    AuditCommand, Command, CommandLine, KeyCommand, MasterKeyCommand, PluginCommand,
    ProviderCommand, RouteCommand,
};
use crate::terminal;
use crate::wiring::{self, Purpose};
use admin_client::Refusal;

/// Runs a command to its end. An error is one line that says what to do; wrong usage ends the
/// process here, as clap does.
pub(crate) fn run(command_line: CommandLine) -> anyhow::Result<()> {
    let outcome = dispatch(command_line.command);
    if let Err(error) = &outcome {
        if let Some(usage) = error.downcast_ref::<clap::Error>() {
            usage.exit();
        }
        let refusal = error.downcast_ref::<Refusal>();
        refusal.into_iter().flat_map(Refusal::problems).for_each(|it| terminal::complain(it));
    }
    outcome
}

fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(choice) => {
            wiring::serve(wiring::prepare(choice.config.as_deref(), Purpose::Serve)?)
        }
        Command::Check(choice) => check::run(&choice),
        Command::Token(arguments) => token::run(&arguments),
        Command::Key(command) => run_key(command),
        Command::Provider(command) => run_provider(command),
        Command::Route(command) => run_route(command),
        Command::Plugin(command) => run_plugin(command),
        Command::Audit(AuditCommand::List(arguments)) => audit::list(&arguments),
        Command::Audit(AuditCommand::Export { filter, gateway }) => {
            audit::export(&filter, &gateway)
        }
        Command::Usage(arguments) => usage::run(&arguments),
        Command::Status(gateway) => status::run(&gateway),
        Command::MasterKey(MasterKeyCommand::Show(gateway)) => master_key::show(&gateway),
        Command::MasterKey(MasterKeyCommand::Rotate(gateway)) => master_key::rotate(&gateway),
        Command::Backup(arguments) => store::back_up(&arguments),
        Command::Restore(arguments) => store::restore(&arguments),
        Command::Migrate(choice) => store::migrate(&choice),
        Command::Openapi { json } => openapi::run(json),
        Command::CompilePlugin { allocator } => wiring::compile_plugin(allocator),
    }
}

fn run_key(command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Digest => key::digest(std::io::stdin().lock()),
        KeyCommand::Create(creation) => key::create(&creation),
        KeyCommand::List(read) => key::KEYS.list(&read),
        KeyCommand::Show(choice) => key::KEYS.show(choice.id.as_str(), &choice.gateway),
        KeyCommand::Update(change) => key::update(&change),
        KeyCommand::Revoke(choice) => key::revoke(&choice),
        KeyCommand::Delete { id, pinned } => key::KEYS.delete(id.as_str(), &pinned),
    }
}

fn run_plugin(command: PluginCommand) -> anyhow::Result<()> {
    match command {
        PluginCommand::New(new) => plugin::begin(&new),
        PluginCommand::Build(project) => plugin::build(&project),
        PluginCommand::Check(files) => plugin::check(&files),
        PluginCommand::Test(test) => plugin::test(&test),
        PluginCommand::Bench { file, settings, json } => plugin::bench(&file, &settings, json),
        PluginCommand::Inspect { file, json } => plugin::inspect(&file, json),
        PluginCommand::Keygen { key, no_password } => plugin::make_keys(&key, no_password),
        PluginCommand::Sign { file, key } => plugin::sign(&file, &key),
        PluginCommand::Install(installation) => plugin::install(&installation),
        PluginCommand::Dev { project, config } => plugin::develop(&project, config.as_deref()),
        PluginCommand::Life(command) => plugin::operate(&command),
    }
}

fn run_provider(command: ProviderCommand) -> anyhow::Result<()> {
    let providers = &provider::PROVIDERS;
    match command {
        ProviderCommand::List(read) => providers.list(&read),
        ProviderCommand::Show(choice) => providers.show(choice.id.as_str(), &choice.gateway),
        ProviderCommand::Create(new) => provider::create(&new),
        ProviderCommand::Replace(change) => provider::replace(&change),
        ProviderCommand::Patch(change) => provider::patch(&change),
        ProviderCommand::Test(choice) => provider::test(&choice),
        ProviderCommand::Rotate(rotation) => provider::rotate(&rotation),
        ProviderCommand::Rollback(rollback) => provider::roll_back(&rollback),
        ProviderCommand::Delete { id, pinned } => providers.delete(id.as_str(), &pinned),
    }
}

fn run_route(command: RouteCommand) -> anyhow::Result<()> {
    let routes = &route::ROUTES;
    match command {
        RouteCommand::List(read) => routes.list(&read),
        RouteCommand::Show(choice) => routes.show(choice.model.as_str(), &choice.gateway),
        RouteCommand::Create(new) => route::create(&new),
        RouteCommand::Replace(change) => route::replace(&change),
        RouteCommand::Patch { model, file, pinned } => {
            let patch = document::read(&file)?;
            routes.patch(model.as_str(), patch, &pinned)
        }
        RouteCommand::Delete { model, pinned } => routes.delete(model.as_str(), &pinned),
    }
}
