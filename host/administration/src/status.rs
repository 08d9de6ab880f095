//! How the gateway is, as far as what operators entered.

use resources::Problem;
use time::OffsetDateTime;

use crate::administration::Administration;
use crate::board::{Filed, Misfit, Noun};
use crate::inventory::Inventory;
use crate::moment;
use crate::shown;
use crate::views::{CheckView, CountView, DamageView, ProblemView, SetAsideView, StatusView};

impl Administration {
    /// Why the store failed when it was last used, if it did. Waits for nothing.
    #[must_use]
    pub fn store_problem(&self) -> Option<String> {
        self.workings.store_problem()
    }

    /// How the gateway is.
    #[must_use]
    pub fn status(&self) -> StatusView {
        let workings = &self.workings;
        let (inventory, board) = (workings.now_held(), &workings.parts.board);
        let (filed, misfits) = (board.filed(), board.misfits());
        let count = |noun| count(noun, &filed, (&inventory, &misfits));
        let providers = count(Noun::Provider);
        let uptime = OffsetDateTime::now_utc() - workings.started_at;
        StatusView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: moment::text(workings.started_at),
            uptime_seconds: u64::try_from(uptime.whole_seconds()).unwrap_or_default(),
            providers,
            api_keys: count(Noun::ApiKey),
            routes: count(Noun::Route),
            set_aside: misfits.iter().map(set_aside).collect(),
            damaged: damaged(&inventory),
            programs: board.programs(),
            store_revision: inventory.latest(),
            master_key: workings.parts.vault.current_key(),
            checks: vec![store_check(workings.store_problem()), providers_check(providers)],
        }
    }
}

fn count(noun: Noun, filed: &Filed, (inventory, misfits): (&Inventory, &[Misfit])) -> CountView {
    CountView {
        file: shown::filed_of(filed, noun).len(),
        store: inventory.after(noun, None).count(),
        set_aside: misfits.iter().filter(|misfit| misfit.noun == noun).count(),
    }
}

fn set_aside(misfit: &Misfit) -> SetAsideView {
    let problems = misfit.problems.iter().map(|problem: &Problem| ProblemView::from(problem));
    SetAsideView { noun: misfit.noun, id: misfit.id.clone(), problems: problems.collect() }
}

fn damaged(inventory: &Inventory) -> Vec<DamageView> {
    let damaged = inventory.damaged().iter().map(|damage| DamageView {
        kind: damage.kind.name().to_owned(),
        key: damage.key.clone(),
        reason: damage.reason.clone(),
    });
    damaged.collect()
}

fn store_check(problem: Option<String>) -> CheckView {
    CheckView { name: "store".to_owned(), good: problem.is_none(), reason: problem }
}

fn providers_check(providers: CountView) -> CheckView {
    let serving = providers.file + providers.store.saturating_sub(providers.set_aside);
    let reason = "no provider serves; create one with POST /admin/providers, or mend what is set \
                  aside";
    CheckView {
        name: "providers".to_owned(),
        good: serving > 0,
        reason: (serving == 0).then(|| reason.to_owned()),
    }
}
