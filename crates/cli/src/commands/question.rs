//! `backorder question`: what customers are asked about lines that wait too long, and what they say.

use backorder_proto::allocation::v1::{
    CustomerQuestion, ListQuestionsRequest, ListQuestionsResponse, QuestionState, RecordAnswerRequest,
    record_answer_request::Answer,
};
use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::{
    order::{context, line_name},
    pages, show,
};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::Session,
    failure::Failure,
    output::{
        Output,
        table::{
            Column::{self, Number, Words},
            render,
        },
        text,
    },
};

const PACKAGE: &str = "backorder.allocation.v1";

const QUESTIONS: [Column; 8] = [
    Words("question"),
    Words("asked"),
    Number("waiting"),
    Words("accepted until"),
    Words("expected"),
    Words("answer by"),
    Words("state"),
    Words("waits until"),
];

/// What to do with questions.
#[derive(Debug, Subcommand)]
pub enum QuestionCommand {
    /// List questions, oldest first: those that are not answered, or all.
    List {
        /// Only about this line, as ORDER/NUMBER.
        #[arg(long, value_name = "LINE")]
        line: Option<String>,
        /// Also those that are answered, expired or void.
        #[arg(long)]
        all: bool,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Record what a customer says: waits on until a day, or not. Without consent what waits is cancelled, and what is
    /// reserved stays.
    Answer(AnswerArgs),
}

/// What a customer says.
#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// A line, as ORDER/NUMBER, asked or not; or a question, as `backorder question list` names it.
    about: String,
    /// The customer waits until this day at the longest.
    #[arg(long, value_name = "DATE", required_unless_present = "decline", conflicts_with = "decline")]
    until: Option<Date>,
    /// The customer does not wait on.
    #[arg(long)]
    decline: bool,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub async fn run(command: QuestionCommand, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        QuestionCommand::List { line, all, page } => list(line.as_deref(), all, &page, session, output).await,
        QuestionCommand::Answer(args) => answer(&args, session, output).await,
    }
}

async fn answer(args: &AnswerArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let said = args
        .until
        .map_or(Answer::Decline(true), |day| Answer::ConsentUntil(backorder_proto::convert::encode::date(day)));
    let request = RecordAnswerRequest {
        request_id: session.request_id(),
        name: subject(&args.about)?,
        answer: Some(said),
        context: context(&args.why),
    };
    let answer = session.clients.consents.clone().record_answer(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.RecordAnswerResponse"), &answer, |answer| {
        let about = if answer.kit.is_some() { show::kits(&answer.kit) } else { show::order_lines(&answer.line) };
        format!("{}\n\n{}", questions(&answer.question), about.trim_start())
    })
}

/// The name of a question or a line, of `A-17/3/questions/1`, `A-17/3`, or a whole name.
fn subject(about: &str) -> Result<String, Failure> {
    match about.split_once("/questions/") {
        Some((line, number)) => Ok(format!("{}/questions/{number}", line_name(line)?)),
        None => line_name(about),
    }
}

async fn list(
    line: Option<&str>,
    all: bool,
    page: &PageArgs,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let state = if all { QuestionState::Unspecified } else { QuestionState::Pending };
    let line = line.map(line_name).transpose()?.unwrap_or_default();
    let found = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.consents.clone();
        let line = line.clone();
        async move {
            let request = ListQuestionsRequest { page_size, page_token, state: state.into(), line };
            let page = client.list_questions(request).await?.into_inner();
            Ok((page.questions, page.next_page_token))
        }
    })
    .await?;
    let answer = ListQuestionsResponse { questions: found, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListQuestionsResponse"), &answer, |answer| questions(&answer.questions))
}

fn questions<'a>(questions: impl IntoIterator<Item = &'a CustomerQuestion>) -> String {
    render(
        &QUESTIONS,
        questions.into_iter().map(|question| {
            vec![
                text::line(&question.name),
                text::time(question.ask_time.as_ref()),
                question.open.to_string(),
                text::date(question.wait_limit_date.as_ref()),
                text::zoned_date(question.expected_ship_date.as_ref()),
                text::time(question.answer_deadline.as_ref()),
                question.state().as_str_name().trim_start_matches("QUESTION_STATE_").to_lowercase(),
                text::date(question.consent_until.as_ref()),
            ]
        }),
    )
}
