(* N(0,1) is centred, of variance one, and 1-sub-Gaussian. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds Require Import real_bridges probability_measure sub_gaussian standard_normal.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Let at0 (x : R) : Rmult x (Rtrigo_def.exp (Rmult 0 x)) = x.
Proof. by rewrite Rmult_0_l exp_0 Rmult_1_r. Qed.

Theorem standard_normal_centred : centred standard_normal.
Proof.
have [I E] := standard_normal_tilted_mean 0.
have EQ := funext at0.
split; first by move: I; rewrite [X in Pint _ X]EQ.
by move: E; rewrite [X in Pmean _ X]EQ Rmult_0_l.
Qed.

Theorem standard_normal_variance : \int[standard_normal]_x (x ^+ 2) = 1.
Proof.
have [I E] := standard_normal_tilted 0 0 0 1.
have EQ : normal_integral.tilted_quadratic 0 0 0 1 = (fun x : RR => x ^+ 2).
  apply/funext => x; rewrite /normal_integral.tilted_quadratic Rmult_0_l exp_0 Rmult_0_l !Rplus_0_l !Rmult_1_l.
  by rewrite Rminus_0_r pow2E.
move: E; rewrite [X in Pmean _ X]EQ => E; apply: etrans E _.
by rewrite Rplus_0_l Rmult_1_r /Rdiv /= Rmult_0_l Rmult_0_l exp_0.
Qed.

Theorem standard_normal_sub_gaussian : sub_gaussian 1 standard_normal.
Proof.
move=> t; have [I E] := standard_normal_mgf t.
rewrite (Pmean_integral I) [Pmean _ _]E lee_fin RdivE' pow2E IZR2E.
by rewrite expr1n mul1r.
Qed.
