use outbound::Answer;
use rotation::Error;

use crate::error::refused;
use crate::request::Request;
use crate::session::Session;

/// The server's answer, asked again while it cannot give one.
pub(crate) async fn asked(session: &Session, request: &Request) -> Result<Answer, Error> {
    outbound::repeat(session.clock(), || async {
        let answer = session.answer(request).await?;
        match answer.status {
            200..=299 | 400 | 404 => Ok(answer),
            _ => Err(refused(request, &answer)),
        }
    })
    .await
}
