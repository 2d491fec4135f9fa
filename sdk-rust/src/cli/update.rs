//! `transfer-status update`: one signed update.

use clap::ValueEnum;
use transfer_status::{Amount, Metadata, Patch, Publisher, RetryPolicy, Roots, Status, TransferId, Update};

use crate::output::{Output, describe};
use crate::{on_runtime, secret};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Signs with HMAC_SECRET and prints the transfer as it is stored. Tries again while the service cannot be reached.
A field that is not given keeps its value.

  transfer-status update order-1042 processing
  transfer-status update order-1042 completed --amount 12.10 --metadata '{\"till\":3}' --remove message")]
pub(crate) struct Args {
    /// The transfer to report on.
    transfer_id: TransferId,
    /// Where it stands now.
    status: Word,
    /// A text for people, up to 1,024 characters.
    #[arg(long)]
    message: Option<String>,
    /// How much, as a number; it is passed on exactly as given.
    #[arg(long)]
    amount: Option<Amount>,
    /// Who receives.
    #[arg(long)]
    merchant_id: Option<String>,
    /// Who pays.
    #[arg(long)]
    customer_id: Option<String>,
    /// A JSON object, up to 8 KiB.
    #[arg(long, value_name = "JSON", value_parser = Metadata::from_json)]
    metadata: Option<Metadata>,
    /// A field to remove. May be given more than once.
    #[arg(long, value_name = "FIELD")]
    remove: Vec<Field>,
    /// The version that this builds on, 0 for "nobody has reported it yet": at any other one nothing changes.
    #[arg(long, value_name = "VERSION")]
    if_version: Option<u64>,
    /// Try once and no more.
    #[arg(long)]
    no_retry: bool,
    /// Where the service is, like https://status.example.com.
    #[arg(long, env = "TRANSFER_STATUS_URL")]
    url: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Word {
    Pending,
    Processing,
    Completed,
    Failed,
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Field {
    Message,
    Amount,
    MerchantId,
    CustomerId,
    Metadata,
}

pub(crate) fn run(args: Args, output: &mut Output) -> anyhow::Result<()> {
    let retry = if args.no_retry {
        RetryPolicy::none()
    } else {
        RetryPolicy::default()
    };
    let url = args.url.clone();
    let update = update(args)?;
    let key = secret::update_key()?;
    let transfer = on_runtime(async {
        let publisher = Publisher::builder(url, key)
            .retry(retry)
            .roots(Roots::System)
            .build()?;
        Ok(publisher.publish(&update).await?)
    })?;
    output.line(&transfer, describe(&transfer))
}

fn update(args: Args) -> anyhow::Result<Update> {
    let status = match args.status {
        Word::Pending => Status::Pending,
        Word::Processing => Status::Processing,
        Word::Completed => Status::Completed,
        Word::Failed => Status::Failed,
        Word::Cancelled => Status::Cancelled,
    };
    let mut update = Update::new(args.transfer_id, status);
    update.if_version = args.if_version;
    update.message = patch(args.message, Field::Message, &args.remove)?;
    update.amount = patch(args.amount, Field::Amount, &args.remove)?;
    update.merchant_id = patch(args.merchant_id, Field::MerchantId, &args.remove)?;
    update.customer_id = patch(args.customer_id, Field::CustomerId, &args.remove)?;
    update.metadata = patch(args.metadata, Field::Metadata, &args.remove)?;
    Ok(update)
}

fn patch<T>(value: Option<T>, field: Field, removed: &[Field]) -> anyhow::Result<Patch<T>> {
    match (value, removed.contains(&field)) {
        (Some(_), true) => anyhow::bail!("a field cannot be both set and removed: {field:?}"),
        (Some(value), false) => Ok(Patch::Set(value)),
        (None, true) => Ok(Patch::Remove),
        (None, false) => Ok(Patch::Keep),
    }
}
