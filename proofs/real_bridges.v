(* Bridges between the standard library's vocabulary of the real numbers and
   mathcomp's, and measurability lemmas for real functions.

     RR : the real numbers as mathcomp's realType      rexp : RR -> RR, exponential *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds Require Import finite_sums self_normalised.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Notation RR := real_realType.
(* The cast is on the head so that the argument is not parsed in R_scope. *)
Notation rexp := (Rtrigo_def.exp : RR -> RR).

(* ---- sums, products, inverses, powers ---- *)

Lemma rsumE n (a : nat -> RR) : rsum n a = \sum_(i < n) a i.
Proof. by elim: n => [|n IH] /=; [rewrite big_ord0|rewrite big_ord_recr /= IH]. Qed.

Lemma rprodE n (a : nat -> RR) : rprod n a = \prod_(i < n) a i.
Proof. by elim: n => [|n IH] /=; [rewrite big_ord0|rewrite big_ord_recr /= IH]. Qed.

(* Rinv x = x^-1 for every x: both conventions give 0 at 0. *)
Lemma RinvE' (x : RR) : Rinv x = x^-1.
Proof.
have [->|x0] := eqVneq x 0; last by rewrite RinvE.
by rewrite invr0 Rinv_0.
Qed.

Lemma RdivE' (x y : RR) : Rdiv x y = x / y.
Proof. by rewrite /Rdiv RinvE'. Qed.

Lemma pow2E (x : RR) : pow x 2 = x ^+ 2.
Proof. by rewrite /= Rmult_1_r expr2. Qed.

Lemma IZR2E : IZR 2 = 2%:R :> RR.
Proof. by rewrite -[2%:R](INRE 2) /=. Qed.

Lemma self_normalisedE L (w f : nat -> RR) :
  self_normalised L w f = \sum_(i < L) w i / (\sum_(j < L) w j) * f i.
Proof. by rewrite /self_normalised rsumE; apply: eq_bigr => i _; rewrite RdivE' rsumE. Qed.

Lemma rexp_gt0 (x : RR) : 0 < rexp x.
Proof. by apply/RltP; exact: exp_pos. Qed.

Lemma rexpD (x y : RR) : rexp (x + y) = rexp x * rexp y.
Proof. exact: exp_plus. Qed.

(* ---- measurability ---- *)

Lemma measurable_fun_exp : measurable_fun setT (Rtrigo_def.exp : RR -> RR).
Proof.
apply: continuous_measurable_fun => x; apply/continuity_pt_cvg.
by apply: derivable_continuous_pt; apply: derivable_pt_exp.
Qed.

Section Measurable.
Context d (Om : measurableType d).

Lemma measurable_fun_prodr (I : Type) (s : seq I) (Q : pred I) (F : I -> Om -> RR) :
  (forall i, measurable_fun setT (F i)) ->
  measurable_fun setT (fun o => \prod_(i <- s | Q i) F i o).
Proof.
move=> mF; elim: s => [|i s IH].
  rewrite (_ : (fun _ => _) = cst 1); first exact: measurable_fun_cst.
  by apply/funext => o; rewrite big_nil.
case Qi : (Q i).
  rewrite (_ : (fun _ => _) = F i \* (fun o => \prod_(i <- s | Q i) F i o)); first exact: measurable_funM.
  by apply/funext => o; rewrite big_cons Qi.
rewrite (_ : (fun _ => _) = (fun o => \prod_(i <- s | Q i) F i o)) //.
by apply/funext => o; rewrite big_cons Qi.
Qed.

Lemma measurable_fun_sumr (I : Type) (s : seq I) (F : I -> Om -> RR) :
  (forall i, measurable_fun setT (F i)) ->
  measurable_fun setT (fun o => \sum_(i <- s) F i o).
Proof.
move=> mF; elim: s => [|i s IH].
  rewrite (_ : (fun _ => _) = cst 0); first exact: measurable_fun_cst.
  by apply/funext => o; rewrite big_nil.
rewrite (_ : (fun _ => _) = F i \+ (fun o => \sum_(i <- s) F i o)); first exact: measurable_funD.
by apply/funext => o; rewrite big_cons.
Qed.

Lemma measurable_fun_invr_pos (W : Om -> RR) :
  measurable_fun setT W -> (forall o, 0 < W o) -> measurable_fun setT (fun o => (W o)^-1).
Proof.
move=> mW W0 mD; apply: (measurability (RGenOInfty.measurableE _)) => //.
move=> _ [_ [a ->] <-]; rewrite setTI.
have [a0|a0] := leP a 0.
  rewrite (_ : _ @^-1` _ = setT)// predeqE => o; split => // _ /=.
  by rewrite in_itv /= andbT (le_lt_trans a0)// invr_gt0.
rewrite (_ : _ @^-1` _ = setT `&` W @^-1` [set` `]-oo, a^-1[]).
  by apply: mW => //; exact: measurable_itv.
rewrite setTI predeqE => o /=; rewrite !in_itv /= andbT.
by rewrite -[X in X < _ <-> _]invrK ltf_pinv ?posrE ?invr_gt0.
Qed.

End Measurable.
