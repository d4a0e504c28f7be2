//! The reader's rules on small files, and the counts of the real file where it is present.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

use std::path::PathBuf;

use super::{class::RowClass, reader::RetailReader, report::RetailReport};
use crate::demand::{DemandEvent, DemandOrder, ReversedPart};

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

fn read(rows: &[&str]) -> (Vec<DemandEvent>, RetailReport) {
    let text = format!("{HEADER}{}\n", rows.join("\n"));
    let mut reader = RetailReader::try_new(text.as_bytes()).unwrap();
    let events = reader.by_ref().map(Result::unwrap).collect();
    (events, reader.report())
}

fn row(invoice: &str, code: &str, quantity: i64, time: &str, price: &str, customer: &str) -> String {
    format!("{invoice},{code},THING,{quantity},2011-01-04T{time}:00,{price},{customer},United Kingdom")
}

fn class_of_last(rows: &[String]) -> RowClass {
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (_, before) = read(&rows[..rows.len() - 1]);
    let (_, after) = read(&rows);
    let changed = |class: &RowClass| after.counts.of(*class) == before.counts.of(*class) + 1;
    RowClass::ALL.into_iter().find(changed).unwrap()
}

fn order(event: &DemandEvent) -> &DemandOrder {
    match event {
        DemandEvent::Ordered(order) => order,
        DemandEvent::Reversed(_) => panic!("a reversal instead of an order"),
    }
}

#[test]
fn every_class_is_told_by_its_first_matching_rule() {
    let sale = || row("1", "X", 5, "09:00", "1.5", "7");
    let cases = [
        (row("1", "X", 5, "09:00", "cheap", "7"), RowClass::Unreadable),
        (sale(), RowClass::ExactDuplicate),
        (row("A1", "B", 1, "09:01", "9", ""), RowClass::AccountingAdjustment),
        (row("C2", "POST", -1, "09:01", "9", "7"), RowClass::ReversalOfNonGoods),
        (row("C2", "X", 1, "09:01", "9", "7"), RowClass::ReversalNotNegative),
        (row("C2", "x", -5, "09:01", "9", "7"), RowClass::ReversalMatched),
        (row("C2", "X", -6, "09:01", "9", "7"), RowClass::ReversalMatchedInPart),
        (row("C2", "X", -5, "09:01", "9", ""), RowClass::ReversalWithoutCustomer),
        (row("C2", "Y", -5, "09:01", "9", "7"), RowClass::ReversalUnmatched),
        (row("3", "POST", -1, "09:01", "0", ""), RowClass::NegativeWriteOff),
        (row("3", "gift_0001_20", 1, "09:01", "0", ""), RowClass::NonGoodsCode),
        (row("3", "X", 0, "09:01", "2", ""), RowClass::ZeroQuantity),
        (row("3", "X", 1, "09:01", "0", ""), RowClass::PriceNotPositive),
        (row("3", "X", 1, "09:01", "2", ""), RowClass::CleanSaleLine),
    ];
    for (last, expected) in cases {
        assert_eq!(class_of_last(&[sale(), last.clone()]), expected, "{last}");
    }
    let late = [sale(), row("2", "X", 1, "10:00", "1", "7"), row("1", "Z", 1, "10:00", "1", "7")];
    assert_eq!(class_of_last(&late), RowClass::LateForItsInvoice);
}

#[test]
fn an_interleaved_document_over_two_minutes_is_one_order_at_its_first_minute() {
    let rows = [
        row("1", "X", 5, "09:00", "1.5", "7"),
        row("C2", "X", -1, "09:01", "1.5", "7"),
        row("1", "Y", 2, "09:01", "1.5", "7"),
        row("3", "Y", 2, "09:30", "1.5", ""),
    ];
    let (events, report) = read(&rows.each_ref().map(String::as_str));
    assert_eq!(events.len(), 3);
    assert_eq!(order(&events[0]).lines.len(), 2);
    assert_eq!(order(&events[0]).placed_at.to_string(), "2011-01-04T09:00:00Z");
    assert_eq!(events[1].at().to_string(), "2011-01-04T09:01:00Z");
    assert_eq!((report.traps.interleaved_documents, report.traps.documents_over_two_minutes), (1, 1));
    assert_eq!(report.traps.empty_customer_sale_lines, 1);
}

#[test]
fn both_letter_cases_are_one_item_in_the_catalogue() {
    let rows = [row("1", "15056bl", 5, "09:00", "1.5", "7"), row("1", "15056BL", 1, "09:00", "1.6", "7")];
    let text = format!("{HEADER}{}", rows.join("\n"));
    let mut reader = RetailReader::try_new(text.as_bytes()).unwrap();
    assert_eq!(reader.by_ref().count(), 1);
    let catalogue = reader.catalogue();
    assert_eq!(catalogue.len(), 1);
    assert_eq!((&*catalogue[0].code, catalogue[0].price_nanos), ("15056BL", 1_600_000_000));
    assert_eq!(reader.report().traps.items_in_two_cases, 1);
}

#[test]
fn another_layout_is_refused() {
    assert!(RetailReader::try_new(&b"order,item\n1,2\n"[..]).is_err());
}

#[test]
fn the_classes_of_the_real_file_sum_to_its_rows() {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/online_retail_2010-12_to_2011-08.csv.gz");
    if !path.exists() {
        println!("skipped: the data file is not beside the checkout");
        return;
    }
    let mut reader = RetailReader::try_new(crate::input::open(&path).unwrap().reader).unwrap();
    let (mut lines, mut orders, mut reversed, mut last) = (0, 0, 0, None);
    for event in reader.by_ref().map(Result::unwrap) {
        assert!(last.is_none_or(|last| last <= event.at()), "events are in the order of time");
        last = Some(event.at());
        match event {
            DemandEvent::Ordered(order) => {
                orders += 1;
                lines += order.lines.len() as u64;
            }
            DemandEvent::Reversed(reversal) => reversed += units(&reversal.parts),
        }
    }
    let report = reader.report();
    assert_eq!(report.counts.total(), 320_705);
    assert_eq!(report.counts.of(RowClass::CleanSaleLine), lines);
    assert_eq!((lines, orders), (309_056, 12_383));
    assert_eq!(report.counts.of(RowClass::ExactDuplicate), 2_483);
    assert_eq!(report.counts.of(RowClass::LateForItsInvoice), 0);
    assert_eq!(report.traps.units_reversed, reversed);
    assert_eq!((report.traps.interleaved_documents, report.traps.items_in_two_cases), (1, 93));
    assert_eq!(report.traps.huge_reversals[0].units, 74_215);
}

fn units(parts: &[ReversedPart]) -> i64 {
    parts.iter().map(|part| part.quantity).sum()
}
